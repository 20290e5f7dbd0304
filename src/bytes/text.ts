import { broken } from "../errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Below this a loop over characters beats the call into the platform's codec. */
const SHORT = 24;

/** UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export const encodeText = (text: string): Uint8Array => encoder.encode(text);

/**
 * The text of UTF-8 bytes.
 *
 * @throws TroupeError `PROTOCOL` when they are not UTF-8
 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length <= SHORT) {
    const ascii = decodeAscii(bytes);
    if (ascii !== undefined) return ascii;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw broken("text is not UTF-8");
  }
}

function decodeAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i] ?? 0;
    if (code > 0x7f) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}
