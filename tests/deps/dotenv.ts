// The only file that names this package. Only `parse`, which reads neither files nor the environment.
export { parse } from "npm:dotenv@18.0.10";
