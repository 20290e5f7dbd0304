import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** The Markdown files of the repository, as paths from its root. */
export function documents(): string[] {
  return [
    ...readdirSync(root).filter((name) => name.endsWith(".md")),
    ...["docs", "examples", "bench", "test"].flatMap((folder) => below(folder, ".md")),
  ].filter((file) => !file.startsWith("docs/api/"));
}

/** The TypeScript files of `src/`, as paths from the repository's root. */
export function sources(): string[] {
  return below("src", ".ts");
}

function below(folder: string, ending: string): string[] {
  const names = readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .sort();
}
