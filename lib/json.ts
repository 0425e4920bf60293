/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON value that is an object. */
export type JsonObject = { [key: string]: Json };
