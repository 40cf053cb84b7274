"""A GraphQL schema whose fields are read from the models by name."""

from __future__ import annotations

import sys
from typing import Any

import graphene

from compatibility.programs import say
from squareconnect import ApiClient, Configuration, CreateCustomerRequest, CustomersApi
from squareconnect.rest import ApiException

configuration = Configuration()
configuration.host, configuration.access_token = sys.argv[1:]
api = CustomersApi(ApiClient(configuration))


class Card(graphene.ObjectType):
    """A card on file."""

    id = graphene.ID()
    card_brand = graphene.String()
    last_4 = graphene.String(name="lastFour")


class Customer(graphene.ObjectType):
    """A customer."""

    id = graphene.ID()
    given_name = graphene.String()
    cards = graphene.List(Card)
    full_name = graphene.String()

    def resolve_full_name(self, info: Any) -> str:
        """Join the names that are set."""
        return " ".join(filter(None, (self.given_name, getattr(self, "family_name", None))))


class Query(graphene.ObjectType):
    """The queries."""

    customer = graphene.Field(Customer, id=graphene.ID(required=True))
    customers = graphene.List(Customer)

    def resolve_customer(self, info: Any, id: str) -> Any:  # noqa: A002
        """Find a customer."""
        try:
            return api.retrieve_customer(id).customer
        except ApiException as e:
            if e.status == 404:
                return None
            raise

    def resolve_customers(self, info: Any) -> Any:
        """List the customers."""
        return api.list_customers().customers


class SignUp(graphene.Mutation):
    """Creates a customer."""

    class Arguments:
        """The arguments of the mutation."""

        given_name = graphene.String()
        family_name = graphene.String()
        email_address = graphene.String()

    customer = graphene.Field(Customer)

    def mutate(self, info: Any, **arguments: Any) -> Any:
        """Create the customer."""
        return SignUp(customer=api.create_customer(CreateCustomerRequest(**arguments)).customer)


class Mutation(graphene.ObjectType):
    """The mutations."""

    sign_up = SignUp.Field()


def main() -> None:
    """Run queries and mutations."""
    schema = graphene.Schema(query=Query, mutation=Mutation)
    sign_up = (
        'mutation ($email: String) { signUp(givenName: "Zoë", emailAddress: $email) { customer { id fullName } } }'
    )
    made = schema.execute(sign_up, variables={"email": "zoe@example.com"})
    say(made.data, made.errors)
    api.create_customer_card(made.data["signUp"]["customer"]["id"], {"card_nonce": "cnon:card-nonce-ok"})
    refused = schema.execute(sign_up, variables={"email": "no address"})
    say(refused.data, len(refused.errors), refused.errors[0].original_error.status)
    say(schema.execute("{ customers { id fullName cards { id cardBrand lastFour } } }").data)
    for customer_id in ("NOBODY", made.data["signUp"]["customer"]["id"]):
        say(schema.execute("query ($id: ID!) { customer(id: $id) { givenName } }", variables={"id": customer_id}).data)


if __name__ == "__main__":
    main()
