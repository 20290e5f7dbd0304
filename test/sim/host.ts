/** The host that a name leads to. Several names lead to one, so that it can be dialled several times. */
export const hostOf = (name: string): string => name.split(".")[0] ?? "";
