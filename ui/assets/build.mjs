// Builds ui/static/dist: one script for every page, one for the page with the editor, one for the panel. Same sources, same bytes.
import { build } from "esbuild";

const out = process.argv[2] ?? "../static/dist";

await build({
  entryPoints: { page: "src/page.js", editor: "src/editor.js", panel: "src/panel.js" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  legalComments: "inline",
  charset: "utf8",
  logLevel: "warning",
});
