// Make the seven calls with npm's square, Square's current client, and check the answers.
// node square_client.cjs http://127.0.0.1:PORT ACCESS_TOKEN
"use strict";
const assert = require("node:assert/strict");
const { SquareClient } = require("square");

async function main(baseUrl, token) {
  const { customers } = new SquareClient({ baseUrl, token, maxRetries: 0 });

  const fields = { givenName: "Ada", emailAddress: "ada@example.com", idempotencyKey: "key-1" };
  const { customer } = await customers.create(fields);
  assert.equal(customer.givenName, "Ada");
  assert.equal(customer.version, 0n);
  assert.equal((await customers.create(fields)).customer.id, customer.id);
  const customerId = customer.id;
  assert.equal((await customers.get({ customerId })).customer.emailAddress, "ada@example.com");
  assert.equal((await customers.update({ customerId, note: "first", version: 0n })).customer.note, "first");
  const { card } = await customers.cards.create({ customerId, cardNonce: "cnon:card-nonce-ok" });
  assert.equal(card.last4, "5858");
  const listed = [];
  for await (const each of await customers.list({ limit: 1 })) listed.push(each.id);
  assert.deepEqual(listed, [customerId]);
  await customers.cards.delete({ customerId, cardId: card.id });
  await customers.delete({ customerId });
  await assert.rejects(customers.delete({ customerId }), (error) => error.statusCode === 404);
  await assert.rejects(customers.search({}), (error) => error.statusCode === 501);
  console.log("square: the seven calls are answered");
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
