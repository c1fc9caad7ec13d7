/** The version in package.json, which a unit test compares with this one. */
export const PACKAGE_VERSION = "0.1.0";
