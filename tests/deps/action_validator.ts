// Checks action.yml files, which actionlint leaves out. Run as a program: it has no other face for files.
export const ACTION_VALIDATOR = "npm:@action-validator/cli@0.6.0";
