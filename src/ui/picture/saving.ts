import type { PictureEncoding } from "../../index.js";

const ENDINGS: Readonly<Record<PictureEncoding["type"], string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
};

/** The name of a saved file: "cat.jpg" enlarged ×2 becomes "cat-x2.png". */
export function savedName(name: string, scale: number, type: PictureEncoding["type"] = "image/png"): string {
  const [, folders = "", file = ""] = /^(.*\/)?([^/]*)$/.exec(name) ?? [];
  return `${folders}${file.replace(/\.[^.]*$/, "") || "picture"}-x${scale}.${ENDINGS[type]}`;
}

/** Tell equal names apart: "cat-x2.png", "cat-x2 (2).png". Upper and lower case count as equal, as on many disks. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const dot = name.lastIndexOf(".");
    const [stem, ending] = dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot)];
    let unique = name;
    for (let count = 2; taken.has(unique.toLowerCase()); count++) unique = `${stem} (${count})${ending}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
