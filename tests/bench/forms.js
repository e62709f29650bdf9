// In the page of LHC-Forms: shows PHQ-9 again and again, then answers and waits for the score.
// Sends {shown: [ms], scored: [ms]} back.
const codes = [0, 1, 2, 3];
const option = (n) => ({
  extension: [{ url: "http://hl7.org/fhir/StructureDefinition/ordinalValue", valueDecimal: n }],
  valueCoding: { code: String(n), display: String(n) },
});
const item = (n) => ({
  linkId: `q${n}`, text: `Question ${n}`, type: "choice", answerOption: codes.map(option),
  extension: [{
    url: "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl",
    valueCodeableConcept: { coding: [{ code: "radio-button",
      system: "http://hl7.org/fhir/questionnaire-item-control" }] },
  }],
});
const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const form = {
  resourceType: "Questionnaire", status: "draft", title: "Nine questions",
  item: [...nine.map(item), {
    linkId: "total", text: "Total", type: "decimal", readOnly: true,
    extension: [{
      url: "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression",
      valueExpression: { language: "text/fhirpath",
        expression: "%resource.item.where(linkId != 'total').answer.value.code.toInteger().sum()" },
    }],
  }],
};
const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
const until = async (what) => { while (!what()) await new Promise((go) => setTimeout(go)); };
const radios = () => document.querySelectorAll("#form input[type=radio]");
const total = () => document.querySelector("#form input[id^='total']");
async function show() {
  document.getElementById("form").innerHTML = "";
  const start = performance.now();
  await LForms.Util.addFormToPage(structuredClone(form), "form", { fhirVersion: "R4" });
  await until(() => radios().length === 36);
  await painted();
  return performance.now() - start;
}
async function answer(n) {
  const before = total().value;
  const start = performance.now();
  radios()[n].click();
  await until(() => total().value !== before);
  await painted();
  return performance.now() - start;
}
async function run() {
  const shown = [], scored = [];
  for (let round = 0; round < 13; round++) shown.push(await show());
  radios()[0].click();
  await new Promise((go) => setTimeout(go, 300));
  for (let round = 0; round < 24; round++) scored.push(await answer(1 + (round % 3)));
  return { shown: shown.slice(3), scored: scored.slice(4) };
}
addEventListener("load", () => run().catch((error) => ({ error: String(error.stack || error) }))
  .then((told) => fetch("/told", { method: "POST", body: JSON.stringify(told) })));
