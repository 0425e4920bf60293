// Validates action.yml files, which actionlint does not. Run as a program: it has no other API for files.
export const ACTION_VALIDATOR = "npm:@action-validator/cli@0.6.0";
