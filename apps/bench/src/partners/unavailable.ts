/** Something that a run needs is not on this machine; the message says how to get it. */
export class Unavailable extends Error {}
