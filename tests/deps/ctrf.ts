// Validates CTRF reports with the format's own package. Only in tests.
export { addInsights, isTestFlaky, validate, validateStrict } from "npm:ctrf@0.3.0";
