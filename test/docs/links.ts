/** Finds what a Markdown text refers to. */

/** The targets of inline links, images and link definitions, outside of code. */
export function linksOf(markdown: string): string[] {
  const prose = withoutBlocks(markdown).replace(/`[^`\n]*`/g, "");
  const inline = prose.matchAll(/\]\(\s*<?([^\s)>]+)[^)]*\)/g);
  const defined = prose.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/gm);
  return [...inline, ...defined].map(([, target = ""]) => target);
}

/** The paths of this repository that stand in the text as `code`. */
export function pathsOf(markdown: string): string[] {
  const spans = withoutBlocks(markdown).matchAll(
    /`((?:src|test|docs|examples|bench|\.ci)\/[\w./-]*\.\w+)`/g,
  );
  return [...spans].map(([, path = ""]) => path);
}

/** The anchors that headings get on the usual hosting sites. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutBlocks(markdown).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = text.replace(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutBlocks(markdown: string): string {
  return markdown.replace(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\s*\2[`~]*\s*$/gm, "");
}
