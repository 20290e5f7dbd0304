/** Finds the code that readers are shown: fenced blocks in Markdown and in doc comments. */

/** One fenced block of TypeScript or JavaScript. */
export interface Block {
  /** Path from the root of the repository. */
  readonly file: string;
  /** The line of the first line of code, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** False for ` ```ts no-run `: type-checked, but not executed. */
  readonly runs: boolean;
}

/** The blocks of a file; for one that ends in `.ts`, those in its doc comments. */
export function blocksOf(file: string, text: string): Block[] {
  const markdown = file.endsWith(".ts") ? docCommentsOf(text) : text;
  const blocks: Block[] = [];
  let fence: { indent: string; mark: string; info: string; start: number } | undefined;
  const lines = markdown.split("\n");
  for (const [index, line] of lines.entries()) {
    const [, indent = "", mark = "", info = ""] = line.match(/^(\s*)(`{3,}|~{3,})\s*(.*)$/) ?? [];
    if (fence === undefined) {
      if (mark !== "") fence = { indent, mark, info, start: index + 1 };
    } else if (mark.startsWith(fence.mark) && info === "") {
      const code = lines
        .slice(fence.start, index)
        .map((each) => unindent(each, fence?.indent ?? ""));
      const [language = "", ...words] = fence.info.split(/\s+/);
      if (/^(ts|typescript|js|javascript)$/.test(language)) {
        const runs = !words.includes("no-run");
        blocks.push({ file, line: fence.start + 1, code: code.join("\n"), runs });
      }
      fence = undefined;
    }
  }
  return blocks;
}

/** The lines of `@example` tags, counted from 1, that no block of TypeScript follows. */
export function bareExamples(file: string, text: string): number[] {
  const starts = new Set(blocksOf(file, text).map((block) => block.line));
  const lines = docCommentsOf(text).split("\n");
  return lines.flatMap((line, index) => {
    if (!/^\s*@example\b/.test(line)) return [];
    // The fence stands on the next line, or below a caption; the code one line further down.
    return starts.has(index + 3) || starts.has(index + 4) ? [] : [index + 1];
  });
}

/** What doc comments say, on the lines where they say it; everything else is blank. */
function docCommentsOf(source: string): string {
  let inside = false;
  const lines = source.split("\n").map((line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    if (!inside) return "";
    if (line.includes("*/")) inside = false;
    return line.replace(/^\s*\/?\*+ ?/, "").replace(/\*\/.*$/, "");
  });
  return lines.join("\n");
}

function unindent(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line.trimStart();
}
