// Scores the sheets of a JSON file by FHIRPath, as a FHIR form does: compiled once, run on each.
// node peer.js FOLDER_WITH_node_modules SHEETS.json -> {name: {median, p95, totals, bands}}
const { createRequire } = require("module");
const fs = require("fs");
const fhirpath = createRequire(process.argv[2] + "/x.js")("fhirpath");
const r4 = createRequire(process.argv[2] + "/x.js")("fhirpath/fhir-context/r4");
const tasks = JSON.parse(fs.readFileSync(process.argv[3]));
const found = {};
for (const [name, task] of Object.entries(tasks)) {
  const total = fhirpath.compile(task.total, r4);
  const band = fhirpath.compile(task.band, r4);
  const forms = task.sheets.map((answers) => ({
    resourceType: "QuestionnaireResponse",
    item: answers.flatMap((value, place) =>
      value === null ? [] : [{ linkId: String(place + 1), answer: [{ valueInteger: value }] }]),
  }));
  const run = (form) => {
    const sum = total(form);
    return [sum[0], band(form, { total: sum })[0]];
  };
  for (let warm = 0; warm < 300; warm++) run(forms[warm % forms.length]);
  const times = [];
  const results = [];
  for (let round = 0; round < task.rounds; round++) {
    const form = forms[round % forms.length];
    const start = process.hrtime.bigint();
    const result = run(form);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    if (round < forms.length) results.push(result);
  }
  times.sort((a, b) => a - b);
  found[name] = {
    median: times[Math.floor(times.length / 2)],
    p95: times[Math.floor(times.length * 0.95)],
    results,
  };
}
console.log(JSON.stringify(found));
