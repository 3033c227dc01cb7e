/** An output for text: the standard output of a process, or a stand-in. */
export interface TextStream {
  write(text: string): unknown;
  /** True on a terminal. */
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** A request to end, by the signal that carried it: Ctrl-C, `kill`, a terminal that closed. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** The program's access to the world. */
export interface Host {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** The command that starts the program, for messages: `npm start --`. */
  readonly command: string;
  now(): Date;
  /** Listens for requests to end; returns what ends the listening. */
  onEnd(listener: (signal: EndSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}
