"""The expressions that both packages evaluate and that must have the same outcome: fixed ones and random ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from compatibility import later
from squareconnect import models

if TYPE_CHECKING:
    from random import Random

CUSTOMER = {
    "id": "C1", "created_at": "2019-06-12T10:00:00.25Z", "updated_at": "2019-06-12T10:00:00Z", "given_name": "Zoë",
    "cards": [{"id": "ccof:1", "card_brand": "EBT", "last_4": "1111", "exp_month": 12, "exp_year": 2030,
               "billing_address": {"postal_code": "94103", "country": "US"}}],
    "address": {"locality": "Köln"}, "preferences": {"email_unsubscribed": False}, "creation_source": "THIRD_PARTY",
    "groups": [{"id": "gv2:1", "name": "Reachable"}], "birthday": "0000-12-10T00:00:00-00:00",
}  # fmt: skip
ERRORS = [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND", "detail": "It is not there."}]

CALLS = [
    "create_customer(squareconnect.CreateCustomerRequest(given_name='Ada'))",
    "create_customer(body=squareconnect.CreateCustomerRequest(address=squareconnect.Address(locality='Köln')))",
    "create_customer({'given_name': 'Ada', 'note': None, 'address': squareconnect.Address(country='GB')})",
    "create_customer({'given_name': ''})",
    "create_customer(squareconnect.UpdateCustomerRequest(note='another class'))",
    "create_customer(squareconnect.CreateCustomerRequest())",
    "create_customer({})",
    "create_customer('a text')",
    "create_customer([{'given_name': 'Ada'}])",
    "create_customer_card('C1', squareconnect.CreateCustomerCardRequest(card_nonce='cnon:card-nonce-ok'))",
    "create_customer_card(customer_id='C1', body={'card_nonce': 'n', 'billing_address': {'postal_code': '94103'}})",
    "delete_customer('C1')",
    "delete_customer(customer_id='C1')",
    "delete_customer_card('C1', 'ccof:1')",
    "delete_customer_card(card_id='ccof:1', customer_id='C 1?x=ü#y%2F&;')",
    "list_customers()",
    "list_customers(cursor=None)",
    "list_customers(cursor='')",
    "list_customers(cursor='aA+/==&?')",
    "list_customers(cursor='x', sort_field='CREATED_AT', sort_order='DESC')",
    "retrieve_customer('C1')",
    "retrieve_customer(customer_id='C1')",
    "update_customer('C1', squareconnect.UpdateCustomerRequest(nickname='', phone_number='+44'))",
    "update_customer(customer_id='C1', body={'note': ''})",
]
"""Each call, in each way that a program can write it."""

REFUSED_CALLS = [
    *(f"{method}(None)" for method in ("create_customer", "delete_customer", "retrieve_customer")),
    *(f"{method}({arguments})" for method in ("create_customer_card", "delete_customer_card", "update_customer")
      for arguments in ("None, {}", "'C1', None", "None, None", "", "'C1'")),
    *(f"{method}()" for method in ("create_customer", "delete_customer", "retrieve_customer")),
    "list_customers('cursor')", "list_customers(limit=5)", "list_customers(curser='x')",
    "create_customer({}, boddy=1)", "create_customer_card('C1', {}, foo=1)", "delete_customer('C1', foo=1)",
    "delete_customer_card('C1', 'c', foo=1)", "retrieve_customer('C1', foo=1)", "update_customer('C1', {}, foo=1)",
    "retrieve_customer('C1', customer_id='C2')",
]  # fmt: skip

ANSWERS = {
    "create_customer": {"customer": CUSTOMER},
    "create_customer_card": {"card": CUSTOMER["cards"][0]},  # type: ignore[index]
    "delete_customer": {},
    "delete_customer_card": {},
    "list_customers": {"customers": [CUSTOMER] * 20, "cursor": "next"},
    "retrieve_customer": {"customer": CUSTOMER},
    "update_customer": {"customer": CUSTOMER},
}

FAILURES = [
    (status, json.dumps({"errors": [{**ERRORS[0], "code": code, "field": "customer_id"}]}))
    for status, code in (
        (400, "BAD_REQUEST"), (401, "UNAUTHORIZED"), (402, "CARD_DECLINED"), (403, "INSUFFICIENT_SCOPES"),
        (404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"), (409, "CONFLICT"), (413, "REQUEST_ENTITY_TOO_LARGE"),
        (429, "RATE_LIMITED"), (500, "INTERNAL_SERVER_ERROR"), (501, "NOT_IMPLEMENTED"), (503, "SERVICE_UNAVAILABLE"),
        (504, "GATEWAY_TIMEOUT"), (299, "SOMETHING_NEW"), (206, "PARTIAL"), (418, "TEAPOT"),
    )
] + [(404, "<html>Not found</html>"), (500, ""), (400, "[]"), (304, "")]  # fmt: skip

MEMBERS = [
    # Models
    "squareconnect.Customer(given_name='Ada', cards=[squareconnect.Card(last_4='1111')]).to_dict()",
    "squareconnect.Customer(given_name='Ada').to_str()",
    "squareconnect.Customer(address={'locality': 'Köln'}).to_dict()['address']",
    "squareconnect.Customer(cards={'a': squareconnect.Card(id='c')}).to_dict()['cards']",
    "squareconnect.Customer(id='C1') == squareconnect.Customer(id='C1')",
    "squareconnect.Customer(id='C1') == squareconnect.Customer(id='C2')",
    "squareconnect.Customer(id='C1') != squareconnect.Customer(id='C1')",
    "squareconnect.Customer() != squareconnect.Card()",
    "hash(squareconnect.Card())",
    "__import__('pickle').loads(__import__('pickle').dumps(squareconnect.Card(id='c')))",
    "__import__('copy').deepcopy(squareconnect.Customer(cards=[squareconnect.Card(id='c')]))",
    "change(squareconnect.Card(id='c'), id='d', last_4=None)",
    "squareconnect.Card('c', 'VISA', '1111', 12, 2030, 'Ada', squareconnect.Address('1 High Street'), 'print')",
    "squareconnect.Address('1', '2', '3', 'l', 's1', 's2', 's3', 'a1', 'a2', 'a3', 'p', 'c', 'f', 'l', 'o')",
    "squareconnect.Customer('i', 'c', 'u', [], 'g', 'f', 'n', 'co', 'e', None, 'p').to_dict()",
    "squareconnect.UpdateCustomerRequest('g', 'f', 'co', 'n', 'e', None, 'p', 'r', 'no', 'b').to_dict()",
    "squareconnect.CreateCustomerCardRequest('n', None, 'Ada', 'v').to_dict()",
    "squareconnect.ListCustomersResponse([], [], 'c').to_dict()",
    "squareconnect.CardBrand() == squareconnect.CardBrand()",
    "squareconnect.Card(idd='c')",
    "squareconnect.Card(id='c', nonsense=1)",
    # Configuration
    "change(squareconnect.Configuration(), access_token='t').auth_settings()",
    "change(squareconnect.Configuration(), username='u', password='p').get_basic_auth_token()",
    "change(squareconnect.Configuration(), api_key={'a': 'k'}).get_api_key_with_prefix('a')",
    "change(squareconnect.Configuration(), api_key={'a': 'k'}, api_key_prefix={'a': 'P'}).get_api_key_with_prefix('a')",
    "squareconnect.Configuration().get_api_key_with_prefix('a')",
    "change(squareconnect.Configuration(), host='https://connect.squareupsandbox.com').host",
    "change(squareconnect.Configuration(), api_key={'Authorization': 'k'}).auth_settings()['oauth2ClientSecret']",
    "squareconnect.Configuration() is squareconnect.Configuration()",
    "isinstance(squareconnect.Configuration(), squareconnect.Configuration)",
    "squareconnect.Configuration().logger['package_logger'].name",
    "squareconnect.Configuration().logger['urllib3_logger'].name",
    "change(squareconnect.Configuration(), logger_format='%(message)s').logger_formatter._fmt",
    # ApiClient
    "squareconnect.ApiClient(squareconnect.Configuration(), 'X-Shop', 'london', 'a=b').default_headers['X-Shop']",
    "squareconnect.ApiClient(cookie='a=b').cookie",
    "squareconnect.ApiClient(header_name='X-Shop', header_value='london').default_headers['X-Shop']",
    "change(squareconnect.ApiClient(), user_agent='Shop/1.0').default_headers['User-Agent']",
    "[answer().delete_customer('C1'), api.api_client.last_response.status]",
    "squareconnect.CustomersApi(api.api_client).api_client is api.api_client",
    "api.api_client.set_default_header('X-Shop', 'london')",
    "answer().delete_customer('C1')",
    "api.api_client.default_headers.pop('X-Shop')",
    "answer().api_client.call_api('/v2/customers', 'GET', {}, {'a': 'b c', 'n': 5}, headers())",
    "answer().api_client.call_api('/v2/customers', 'GET', {}, {'a': ['b', 'c d'], 'f': True}, headers())",
    "answer().api_client.call_api('/v2/x', 'GET', {}, {'a': __import__('datetime').date(2019, 6, 12)}, headers())",
    "answer().api_client.call_api('/x', 'POST', {}, {}, form('x-www-form-urlencoded'), None, [('a', '1 é'), ('b', 2)])",
    "answer().api_client.call_api('/x', 'PUT', {}, {}, form('form-data'), None, [('a', '1 é'), ('b', '2')])",
    "answer().api_client.call_api('/x', 'POST', {}, {}, form('form-data'), files={'f': __import__('six').__file__})",
    "answer().api_client.call_api('/v2/x/{id}', 'PUT', {'id': 'C1'}, {}, headers(a='b'), {'a': [1, None]})",
    "answer().api_client.call_api('/v2/x', 'POST', None, None, headers(), [1], None, None, 'object', ['oauth2'])",
    "answer([1, 2]).api_client.call_api('/v2/x', 'GET', header_params=headers(), response_type='list[int]')",
    "answer({'a': 1}).api_client.call_api('/v2/x', 'GET', header_params=headers(), response_type='dict(str, int)')",
    "answer().api_client.call_api('/v2/x', 'HEAD', header_params=headers())",
    "answer().api_client.call_api('/v2/x', 'OPTIONS', header_params=headers())",
    "answer().api_client.call_api('/v2/x', 'PATCH', header_params=headers(), body={})",
    "answer().api_client.request('GET', api.api_client.configuration.host + '/x', {'a': 'b'}, headers())",
    "answer().api_client.request('POST', api.api_client.configuration.host + '/x', headers=headers(), body={'a': 1})",
    "answer().api_client.request('POST', api.api_client.configuration.host + '/x', body={'a': 1})",
    "answer().api_client.rest_client.PUT(api.api_client.configuration.host + '/x', body={'a': 1})",
    "answer().api_client.rest_client.GET(api.api_client.configuration.host + '/x', headers=headers())",
    "answer().api_client.rest_client.POST(api.api_client.configuration.host + '/x', headers=headers(), body={'a': 1})",
    "answer(headers={'X-Shop': 'x'}).api_client.call_api('/x', 'GET', header_params=headers()).getheader('x-shop')",
    "answer().api_client.call_api('/x', 'GET', header_params=headers()).getheader('x-shop', 'none')",
    "answer(headers={'X-Shop': 'x'}).api_client.call_api('/x', 'GET', header_params=headers()).getheaders()['X-Shop']",
    f"result_of(lambda f: answer({{'customer': {CUSTOMER!r}}}).retrieve_customer('C1', callback=f))",
    "result_of(lambda f: answer().list_customers(cursor='x', callback=f))",
    "result_of(lambda f: answer().api_client.call_api('/x', 'GET', header_params=headers(), callback=f))",
    "api.api_client.select_header_accept([])",
    "api.api_client.select_header_accept(['text/html', 'Application/JSON'])",
    "api.api_client.select_header_accept(['Text/HTML', 'text/plain'])",
    "api.api_client.select_header_content_type([])",
    "api.api_client.select_header_content_type(['Text/HTML', 'text/plain'])",
    "api.api_client.to_path_value(['a', 'b'])",
    "api.api_client.to_path_value(5)",
    "api.api_client.prepare_post_parameters([('a', '1')], {})",
    "api.api_client.prepare_post_parameters()",
    "api.api_client.prepare_post_parameters([], {'f': 'no such file'})",
    "api.api_client.prepare_post_parameters([], {'f': []})",
    "[(h := {}), api.api_client.update_params_for_auth(h, {}, ['oauth2'])][0]",
    "api.api_client.update_params_for_auth({}, {}, [])",
    # Encoding and decoding
    "api.api_client.sanitize_for_serialization(None)",
    "api.api_client.sanitize_for_serialization((1, 'a', None))",
    "api.api_client.sanitize_for_serialization(__import__('datetime').date(2019, 6, 12))",
    "api.api_client.sanitize_for_serialization({'at': __import__('datetime').datetime(2019, 6, 12, 10)})",
    "api.api_client.sanitize_for_serialization(squareconnect.CardBrand())",
    "api.api_client.sanitize_for_serialization(squareconnect.Customer(address=squareconnect.Address()))",
    "api.api_client.deserialize(of('\"1815-12-10\"'), 'date').isoformat()",
    "api.api_client.deserialize(of('\"2019-06-12T10:00:00Z\"'), 'datetime').isoformat()",
    "api.api_client.deserialize(of('{\"id\": \"c\"}'), squareconnect.Card)",
    "api.api_client.deserialize(of('null'), 'Card')",
    "api.api_client.deserialize(of('[[1], [2, 3]]'), 'list[list[int]]')",
    "api.api_client.deserialize(of('{\"a\": {\"id\": \"c\"}}'), 'dict(str, Card)')",
    "api.api_client.deserialize(of('[1, {\"a\": null}]'), 'object')",
    "api.api_client.deserialize(of('1.5'), 'float')",
    "api.api_client.deserialize(of('true'), 'bool')",
    "api.api_client.deserialize(of('\"x\"'), 'str')",
    # Exceptions
    "squareconnect.rest.ApiException(status=404, reason='Not Found').status",
    "squareconnect.rest.ApiException().status",
]  # fmt: skip

EXPRESSIONS = [
    *MEMBERS,
    *(f"answer({ANSWERS[call.partition('(')[0]]!r}).{call}" for call in CALLS),
    *(f"answer().{call}" for call in REFUSED_CALLS),
    *(f"answer({body!r}, {status}).{call}" for status, body in FAILURES for call in CALLS[11:24:3]),
    *(f"answer({{'errors': {ERRORS!r}}}).{call}" for call in CALLS),
]
"""The fixed expressions. Those for the names of the API come from ``walk`` in :mod:`compatibility.worker`."""


# -- Random expressions ---------------------------------------------------------------------------------------------

FIELDS = {name: types for name in models.__all__ if name not in later.MODELS and (types := later.without(models, name))}
"""The types of the fields by model. The walk makes sure that 2.x has the same."""

WRONG: dict[str, list[Any]] = {
    "str": [5, 1.5, True, {}, ["x"]],
    "int": ["x", "12", 1.5, True, {}, []],
    "bool": ["false", 0, {}, []],
    "model": ["x", 5, [], True],
    "list": ["abc", 5, {}, True],
}
"""Values of a wrong type, by the right type."""

TEXTS = [
    "",
    "Ada",
    "Zoë",
    "東京",
    "a\nb",
    '"q"',
    "\\",
    "a/b",
    "😀",
    "null",
    "0",
    " x ",
    "<b>",
    "%41",
    "e\u0301",
    "\u2028",
]
PECULIAR_IDS = ["", " ", ".", "..", "/", "A/B", "../C", "A/cards/B", "../../V", "a/./b", "\t", "\n", "\x00"]
ID_CHARACTERS = "abZ09-_.~:?#&=+%@!$'()*,;é€ \\|^[]{}<>\"`"


class Case(NamedTuple):
    """An expression, and its peculiarity if it has one."""

    expression: str
    peculiarity: str = ""


class Payloads:
    """Makes random cases.

    :param random: makes the choices; the same state makes the same cases.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.peculiarity = ""
        self.has_unknown_keys = False

    def case(self) -> Case:
        """Make a case: an answer to decode, a body to encode, models to compare, or a whole call."""
        self.peculiarity = ""
        makers = (self.decoded, self.decoded, self.sent_again, self.encoded, self.encoded, self.compared, self.call)
        return Case(self.random.choice(makers)(), self.peculiarity)

    def decoded(self) -> str:
        """Make an expression that decodes an answer as a type."""
        name = self.random.choice(list(FIELDS))
        swagger_type = self.random.choice([name, name, f"list[{name}]", f"dict(str, {name})"])
        wrong = self.random.random() < 0.15
        value = self.json_of(name, wrong)
        more = {"": None} if self.random.random() < 0.1 else {}
        if more and swagger_type.startswith("dict"):
            self.peculiarity = "wrong type"
        whole = {"l": [value, self.json_of(name)], "d": {"a": value, **more}}.get(swagger_type[0], value)
        return f"api.api_client.deserialize(of({json.dumps(whole)!r}), {swagger_type!r})"

    def sent_again(self) -> str:
        """Make an expression that decodes an answer and encodes the result."""
        name = self.random.choice(list(FIELDS))
        self.has_unknown_keys = False
        text = json.dumps(self.json_of(name))
        if self.has_unknown_keys:
            self.peculiarity = "unknown key"
        return f"api.api_client.sanitize_for_serialization(api.api_client.deserialize(of({text!r}), {name!r}))"

    def encoded(self) -> str:
        """Make an expression that encodes a body, or converts a model to a dict."""
        if self.random.random() < 0.4:
            return f"{self.source_of(self.random.choice(list(FIELDS)))}.to_dict()"
        return f"api.api_client.sanitize_for_serialization({self.body_source(3)})"

    def compared(self) -> str:
        """Make an expression that compares two models, which are often equal."""
        name = self.random.choice(list(FIELDS))
        one = self.source_of(name)
        texts = [field for field, kind in FIELDS[name].items() if kind == "str" and self.random.random() < 0.2]
        other = f"change({one}, {', '.join(f'{field}={self.text()!r}' for field in texts)})"
        return f"[{one} == {other}, {one} != {other}]"

    def call(self) -> str:
        """Make an expression with a call and its answer."""
        calls = (
            lambda: (
                f"answer({{'customer': {self.customer()}}}).create_customer({self.source_of('CreateCustomerRequest')})"
            ),
            lambda: f"answer({{'customer': {self.customer()}}}).update_customer('C1', {self.source_of('Customer')})",
            lambda: f"answer({{'customer': {self.customer()}}}).retrieve_customer({self.identifier()})",
            lambda: f"answer({{'customers': [{self.customer()}] * 20}}).list_customers(cursor={self.text()!r})",
            lambda: f"answer().delete_customer({self.identifier()})",
            lambda: f"answer().delete_customer_card({self.identifier()}, {self.identifier()})",
        )
        return self.random.choice(calls)()

    def customer(self) -> str:
        """Make the source of a customer as a server sends it."""
        return repr(self.json_of("Customer", required=("id", "created_at", "updated_at")))

    def identifier(self) -> str:
        """Make the source of an id, which is sometimes a peculiar one."""
        if self.random.random() < 0.1:
            self.peculiarity = "peculiar id"
            return repr(self.random.choice(PECULIAR_IDS))
        text = "".join(self.random.choices(ID_CHARACTERS, k=self.random.randint(3, 9))) + "x"
        if text.startswith((".\\", "..\\")):
            self.peculiarity = "peculiar id"
        return repr(text)

    def text(self) -> str:
        """Make a text."""
        return "".join(self.random.choices(TEXTS, k=self.random.randint(0, 2)))

    def json_of(self, name: str, wrong: bool = False, required: tuple[str, ...] = ()) -> dict[str, Any]:
        """Make the JSON of a model as a server sends it, with one value of a wrong type if ``wrong`` is set."""
        fields = FIELDS[name]
        there = [field for field in fields if self.random.random() < 0.6 or field in required]
        value = {field: self.json_value(fields[field], field in required) for field in there}
        if wrong:
            field = self.random.choice(list(fields))
            value[field] = self.wrong_value(fields[field])
            self.peculiarity = "wrong type"
        if self.random.random() < 0.1:
            value[self.random.choice(["version", "tax_ids", "to_str", "__dict__"])] = self.random.choice(
                [1, {}, [None]]
            )
            self.has_unknown_keys = True
        return value

    def json_value(self, swagger_type: str, required: bool) -> Any:
        """Make a value of a type, or sometimes null."""
        if not required and self.random.random() < 0.1:
            return None
        if swagger_type.startswith("list["):
            return [self.json_of(swagger_type[5:-1]) for _ in range(self.random.choice([0, 1, 2, 17]))]
        if swagger_type in FIELDS:
            return self.json_of(swagger_type)
        choices: dict[str, Any] = {"str": self.text(), "int": self.random.randint(-(2**70), 2**70), "bool": True}
        return choices[swagger_type]

    def wrong_value(self, swagger_type: str) -> Any:
        """Make a value of a wrong type, or a value of the right type with a wrong one inside."""
        inner = swagger_type[5:-1] if swagger_type.startswith("list[") else swagger_type
        if inner in FIELDS and self.random.random() < 0.5:
            value = self.json_of(inner, wrong=True)
            return [value] if inner != swagger_type else value
        kind = "list" if inner != swagger_type else "model" if inner in FIELDS else swagger_type
        return self.random.choice(WRONG[kind])

    def source_of(self, name: str) -> str:
        """Make the source of a model."""
        given = {
            field: self.value_source(swagger_type)
            for field, swagger_type in FIELDS[name].items()
            if self.random.random() < 0.4
        }
        return f"squareconnect.{name}({', '.join(f'{field}={value}' for field, value in given.items())})"

    def value_source(self, swagger_type: str) -> str:
        """Make the source of a field's value. A model is sometimes written as a dict."""
        if self.random.random() < 0.1:
            return "None"
        if swagger_type.startswith("list["):
            items = ", ".join(self.value_source(swagger_type[5:-1]) for _ in range(self.random.randint(0, 2)))
            return f"[{items}]"
        if swagger_type in FIELDS:
            return self.source_of(swagger_type) if self.random.random() < 0.7 else "{'locality': 'Köln', 'note': None}"
        return repr(self.json_value(swagger_type, required=True))

    def body_source(self, depth: int) -> str:
        """Make the source of a body."""
        choice = self.random.random()
        if depth == 0 or choice < 0.4:
            return self.source_of(self.random.choice(list(FIELDS))) if choice < 0.2 else repr(self.text())
        if choice < 0.6:
            return "{" + ", ".join(f"{key!r}: {self.body_source(depth - 1)}" for key in ("", "Köln")) + "}"
        if choice < 0.8:
            return "[" + ", ".join(self.body_source(depth - 1) for _ in range(2)) + "]"
        if choice < 0.86:
            self.peculiarity = "not of JSON"
            return self.random.choice(["b'x'", "{1}", "__import__('decimal').Decimal(1)"])
        if choice < 0.92:
            self.peculiarity = self.peculiarity or "in a tuple"
            return f"({self.source_of('Address')},)"
        return self.random.choice(["1.5", "None", "True", "__import__('datetime').date(2019, 6, 12)", "(1, 'a')"])
