// Checks answers against the contract, which is written in the 2020-12 dialect of JSON Schema. For tests alone.
export { Ajv2020 } from "npm:ajv@8.20.0/dist/2020.js";
export { default as addFormats } from "npm:ajv-formats@3.0.1";
