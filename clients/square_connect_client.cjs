// Make the seven calls with npm's square-connect, Square's client of 2017 to 2020, and check the answers.
// node square_connect_client.cjs http://127.0.0.1:PORT ACCESS_TOKEN
"use strict";
const assert = require("node:assert/strict");
const SquareConnect = require("square-connect");

async function main(baseUrl, token) {
  const client = SquareConnect.ApiClient.instance;
  client.basePath = baseUrl;
  client.authentications.oauth2.accessToken = token;
  const api = new SquareConnect.CustomersApi();

  const fields = { given_name: "Ada", email_address: "ada@example.com", idempotency_key: "key-1" };
  const { customer } = await api.createCustomer(fields);
  assert.equal(customer.given_name, "Ada");
  assert.equal((await api.createCustomer(fields)).customer.id, customer.id);
  assert.equal((await api.retrieveCustomer(customer.id)).customer.email_address, "ada@example.com");
  assert.equal((await api.updateCustomer(customer.id, { note: "first" })).customer.note, "first");
  const { card } = await api.createCustomerCard(customer.id, { card_nonce: "cnon:card-nonce-ok" });
  assert.equal(card.last_4, "5858");
  const listed = (await api.listCustomers({})).customers;
  assert.deepEqual(listed.map((each) => each.cards[0].id), [card.id]);
  await api.deleteCustomerCard(customer.id, card.id);
  await api.deleteCustomer(customer.id);
  await assert.rejects(api.deleteCustomer(customer.id), (error) => error.status === 404);
  await assert.rejects(api.searchCustomers({}), (error) => error.status === 501);
  console.log("square-connect: the seven calls are answered");
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
