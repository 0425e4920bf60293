// The only file that names this package. `parse` alone: it reads text and touches neither files nor the environment.
export { parse } from "npm:dotenv@18.0.10";
