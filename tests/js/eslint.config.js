import js from "@eslint/js";
import globals from "globals";

const rules = {
  eqeqeq: "error",
  "no-console": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-new-func": "error",
  "no-var": "error",
  "prefer-const": "error",
  "no-unused-vars": ["error", {argsIgnorePattern: "^_"}],
  // Names in the data are text; these would make markup of them.
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "writeln"].map((property) => ({property})),
  ],
};

export default [
  js.configs.recommended,
  {files: ["**/maps/js/*.js"], languageOptions: {globals: {...globals.browser, L: "readonly"}}, rules},
  {files: ["**/tests/js/*.js"], languageOptions: {globals: globals.node}, rules: {...rules, "no-console": "off"}},
];
