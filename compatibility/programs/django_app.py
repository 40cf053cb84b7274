"""An app for Django that makes its client when Django is ready, keeps customers in the cache, and answers with JSON."""

from __future__ import annotations

import sys
from typing import Any

import django
from django.apps import AppConfig, apps
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, JsonResponse
from django.test import Client
from django.urls import path

import squareconnect
from compatibility.programs import say
from squareconnect.rest import ApiException


class CustomersConfig(AppConfig):
    """The app. Its client is made once, when all apps are loaded."""

    name = "compatibility.programs"
    label = "customers"

    def ready(self) -> None:
        """Make the client."""
        api = squareconnect.CustomersApi()
        api.api_client.configuration.host = settings.SQUARE_HOST
        api.api_client.configuration.access_token = settings.SQUARE_ACCESS_TOKEN
        self.customers_api = api


def customer_of(customer_id: str) -> Any:
    """Return a customer from the cache, or else from Square."""
    customer = cache.get(customer_id)
    if customer is None:
        api = apps.get_app_config("customers").customers_api
        try:
            customer = api.retrieve_customer(customer_id).customer
        except ApiException as e:
            raise Http404("No such customer" if e.status == 404 else "Try later") from e
        cache.set(customer_id, customer, 60)
    return customer


def show(request: HttpRequest, customer_id: str) -> JsonResponse:
    """Show a customer."""
    customer = customer_of(customer_id)
    cards = [{"brand": card.card_brand, "ends": card.last_4} for card in customer.cards or []]
    return JsonResponse({"name": customer.given_name, "since": customer.created_at, "cards": cards})


def rename(request: HttpRequest, customer_id: str) -> JsonResponse:
    """Give a customer another name."""
    api = apps.get_app_config("customers").customers_api
    updated = api.update_customer(customer_id, {"given_name": request.POST["name"]})
    cache.delete(customer_id)
    return JsonResponse(updated.to_dict())


urlpatterns = [path("<customer_id>", show), path("<customer_id>/rename", rename)]


def main() -> None:
    """Visit the site."""
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=["compatibility.programs.django_app.CustomersConfig"],
        ROOT_URLCONF="compatibility.programs.django_app",
        SQUARE_HOST=sys.argv[1],
        SQUARE_ACCESS_TOKEN=sys.argv[2],
        SECRET_KEY="secret",
    )
    django.setup()
    api = apps.get_app_config("customers").customers_api
    customer = api.create_customer(squareconnect.CreateCustomerRequest(given_name="Ada")).customer
    api.create_customer_card(customer.id, {"card_nonce": "cnon:card-nonce-ok", "cardholder_name": "Ada"})
    browser = Client()
    for _ in range(2):
        say("show", browser.get(f"/{customer.id}").json())
    say("from the cache", cache.get(customer.id) == api.retrieve_customer(customer.id).customer)
    say("rename", browser.post(f"/{customer.id}/rename", {"name": "Eve"}).json())
    say("renamed", browser.get(f"/{customer.id}").json())
    say("nobody", browser.get("/NOBODY").status_code)


if __name__ == "__main__":
    main()
