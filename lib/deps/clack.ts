// The only file that names this package. A prompt cancelled with Ctrl-C returns a symbol: test it with `isCancel`.
export {
  autocomplete,
  autocompleteMultiselect,
  confirm,
  isCancel,
  log,
  multiline,
  password,
  path,
  text,
} from "npm:@clack/prompts@1.9.0";
