import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { CONTRACT } from "../../shared/rest/contract.ts";
import { openApiDocument } from "./open_api_document.ts";

const document = JSON.parse(JSON.stringify(openApiDocument("1.2.3")));

interface Operation {
  operationId: string;
  parameters: { name: string; in: string }[];
  security?: unknown[];
  responses: Record<string, unknown>;
}

const operations: [path: string, method: string, operation: Operation][] = Object.entries(
  document.paths,
)
  .flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map((
      [method, operation],
    ): [string, string, Operation] => [path, method, operation])
  );

Deno.test("the API document has every endpoint of the contract once", () => {
  assert.equal(document.openapi, "3.1.0");
  assert.equal(document.info.version, "1.2.3");
  assert.deepEqual(
    operations.map(([, , { operationId }]) => operationId).sort(),
    Object.keys(CONTRACT).sort(),
  );
});

Deno.test("the API document is valid OpenAPI 3.1, as the specification's own schema has it", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.deepEqual([valid, errors], [true, undefined]);
  const wrong = structuredClone(document);
  wrong.paths["/api/v1/envoys"].get.parameters[0].in = "nowhere";
  assert.equal((await new Validator().validate(wrong)).valid, false);
});

Deno.test("each part of a path is a declared parameter, and every operation has its answers", () => {
  for (const [path, , operation] of operations) {
    const declared = operation.parameters.filter((one) => one.in === "path").map(({ name }) =>
      name
    );
    assert.deepEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), declared);
    const answers = Object.keys(operation.responses).filter((status) => status !== "304");
    assert.deepEqual(answers, ["200", "default"]);
  }
});

Deno.test("only what needs no permission is described as open", () => {
  for (const [, , { operationId, security }] of operations) {
    const { permission } = Object.entries(CONTRACT).find(([name]) => name === operationId)?.[1] ??
      assert.fail(operationId);
    assert.deepEqual(security, permission === "none" ? [] : undefined);
  }
});

Deno.test("every reference in the API document leads somewhere", () => {
  const references: string[] = [];
  JSON.stringify(document, (key, value) => {
    if (key === "$ref") references.push(value);
    return value;
  });
  assert.ok(references.length > 0);
  for (const reference of new Set(references)) {
    const target = reference.replace(/^#\//, "").split("/")
      .reduce((node, step) => node?.[step], document);
    assert.notEqual(target, undefined, reference);
  }
});

Deno.test("a parameter is required exactly when the contract refuses its absence", () => {
  const required = (operationId: string) =>
    document.paths[`/api/v1${operationId}`].post.parameters
      .filter((one: { required: boolean }) => one.required).map((one: { name: string }) =>
        one.name
      );
  assert.deepEqual(required("/swarm/filecasts"), ["label", "target", "sizeBytes"]);
});

Deno.test("every list comes in pages", () => {
  const lists = operations.filter(([, , { operationId }]) =>
    /(List|History|Query|Results|Export)$/.test(operationId)
  );
  assert.ok(lists.length >= 9);
  for (const [path, , { operationId, parameters, responses }] of lists) {
    const names = parameters.filter((one) => one.in === "query").map(({ name }) => name);
    assert.ok(names.includes("limit") && names.includes("cursor"), `${operationId} ${path}`);
    assert.match(JSON.stringify(responses["200"]), /"nextCursor"/, operationId);
  }
});
