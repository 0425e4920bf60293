// The only file that names this package. A prompt that is left with Ctrl-C answers with a symbol: `isCancel` knows it.
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
