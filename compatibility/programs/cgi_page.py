"""A CGI script: each visit is a process that reads the query from its environment and prints a page."""

from __future__ import annotations

import os
import subprocess
import sys
from html import escape
from urllib.parse import parse_qs, urlencode

import squareconnect
from compatibility.programs import say
from squareconnect.rest import ApiException


def page() -> None:
    """Print the page that the query asks for."""
    query = {name: values[0] for name, values in parse_qs(os.environ["QUERY_STRING"]).items()}
    api = squareconnect.CustomersApi()
    api.api_client.configuration.host, api.api_client.configuration.access_token = sys.argv[1:]
    print("Content-Type: text/html; charset=utf-8\n")
    try:
        if "name" in query:
            made = api.create_customer({"given_name": query["name"], "note": query.get("note")})
            print(f"<p>Welcome, {escape(made.customer.given_name)}!</p>")
        names = [customer.given_name for customer in api.list_customers().customers or []]
        print(f"<ul>{''.join(f'<li>{escape(name)}</li>' for name in sorted(names))}</ul>")
    except ApiException as e:
        print(f"<p>Sorry: {e.status}</p>")


def main() -> None:
    """Visit the page as a web server does."""
    for query in ({}, {"name": "Zoë <3"}, {"name": "Ada", "note": "a/b"}, {"note": "nobody"}, {"name": "x" * 301}):
        script = [sys.executable, "-m", "compatibility.programs.cgi_page", *sys.argv[1:]]
        environment = {**os.environ, "QUERY_STRING": urlencode(query), "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(script, env=environment, capture_output=True, encoding="utf-8")
        say(query, done.returncode, done.stdout)


if __name__ == "__main__":
    page() if "QUERY_STRING" in os.environ else main()
