// The only file that names this package. It must be told `renderHeader: null`, or it prints a banner.
export { cli, define, lazy } from "npm:gunshi@0.37.2";
