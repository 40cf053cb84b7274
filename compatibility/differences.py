"""Every difference from squareconnect 2.x that code can notice, and why there is one.

The table in ``docs/Migration.md`` is written from this list, and ``python -m compatibility`` demands that the two
packages differ in what is listed here, and in nothing else.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """A difference, as the table tells it and as the comparison knows it."""

    what: str
    before: str
    now: str
    why: str
    names: tuple[str, ...] = ()
    """Patterns of the names that differ."""
    shown_by: tuple[str, ...] = ()
    """Expressions that come out differently."""
    peculiarity: str = ""
    """What random payloads have that come out differently."""
    comes_to: tuple[str, ...] = ()
    """What such a payload can come to in this package: an exception, or a ``value``."""

    @property
    def can_be_met(self) -> bool:
        """Whether the comparison can tell that it is there."""
        return bool(self.names or self.shown_by or self.peculiarity)

    def explains(self, expression: str, peculiarity: str, ours: dict[str, Any]) -> bool:
        """Whether this is why an expression comes out differently.

        :param ours: what this package makes of it.
        """
        return (
            expression in self.shown_by
            or any(fnmatchcase(expression, pattern) for pattern in self.names)
            or (
                peculiarity != ""
                and peculiarity == self.peculiarity
                and ours.get("raises", ["value"])[0] in self.comes_to
            )
        )


_CLIENT_FOR = (
    "(lambda c: [setattr(c.configuration, {!r}, {!r}), c.call_api('/x', 'GET', {{}}, {{}}, headers(){})])(client())"
)
_DECODE = "api.api_client.deserialize(of({!r}), {!r})"

DIFFERENCES = (
    # -- What there is --
    Difference(
        "Other APIs",
        "449 models and 17 API classes.",
        "The Customers API: `CustomersApi`, its 20 models and 7 enumerations.",
        "That is what this package is for. Code that also uses another API keeps 2.x for it, in another environment.",
        shown_by=("squareconnect.LocationsApi()", "squareconnect.models.Money()"),
    ),
    Difference(
        "`search_customers`",
        "From 2.9.0, with the models of its query.",
        "Not there. `api_client.call_api('/v2/customers/search', 'POST', ...)` makes the call.",
        "The package has the seven endpoints that every release of 2.x has.",
        names=(
            "*search_customers*", "*SearchCustomers*", "*CustomerQuery*", "*customer_query*", "*CustomerFilter*",
            "*customer_filter*", "*CustomerSort", "*CustomerSort()*", "*customer_sort.*", "*TimeRange*", "*time_range*",
            "*CustomerCreationSourceFilter*", "*creation_source_filter*", "*InclusionExclusion*",
            "*inclusion_exclusion*",
        ),
    ),
    Difference(
        "Python",
        "Any, as far as it works; 2.7 too.",
        "3.10 and later, with types.",
        "Older ones get no security fixes.",
    ),
    Difference(
        "Installed beside it",
        "A top-level package `test`, which stands before Python's own.",
        "Only `squareconnect`.",
        "It was a mistake.",
    ),
    # -- Models --
    Difference(
        "Order of a constructor's arguments",
        "`CreateCustomerRequest` began with `idempotency_key` from 2.20181205.0; `birthday` stood inside `Customer` "
        "from 2.20180918.0.",
        "The order of 2.1 to 2.7. Fields that came later stand at the end. By keyword, nothing differs.",
        "Each later field changed what positional arguments meant; now code of either age that gives the old ones "
        "means the same.",
        names=(
            "*squareconnect.Customer", "*.models.Customer", "*.customer.Customer", "*.CreateCustomerRequest",
        ),
        shown_by=(
            "squareconnect.CreateCustomerRequest('given name')",
            "squareconnect.Customer(*'abcdefghijkl').birthday",
        ),
    ),
    Difference(
        "Misspelt names",
        "Setting an attribute that does not exist is accepted, on models and on `Configuration`.",
        "`AttributeError`, with the nearest right name.",
        "The value was never sent, or the setting had no effect.",
        shown_by=(
            "change(squareconnect.Card(), last4='1111')",
            "change(squareconnect.Configuration(), acess_token='t')",
            "change(squareconnect.Card(), swagger_types={})",
        ),
    ),
    Difference(
        "Comparing models",
        "With `None` or another kind of value: `AttributeError`. Models of two classes are equal if their fields are "
        "called the same.",
        "`False`. Models of two classes are never equal.",
        "A comparison is a question.",
        shown_by=(
            "squareconnect.Customer() == None",
            "squareconnect.Customer() != 1",
            "squareconnect.CreateCustomerResponse() == squareconnect.RetrieveCustomerResponse()",
        ),
    ),
    Difference(
        "Enumerations",
        "Empty classes.",
        "They hold their values: `CardBrand.VISA == 'VISA'`.",
        "One had to look them up and to spell them right.",
        shown_by=("squareconnect.CardBrand.VISA", "squareconnect.Country.GB", "squareconnect.ErrorCode.NOT_FOUND"),
    ),
    Difference(
        "`swagger_types` and `attribute_map`",
        "Made for each instance; not there on the class.",
        "One for the class, there on both.",
        "Two dicts for each model were most of what it held.",
        shown_by=("squareconnect.Card.swagger_types", "squareconnect.Card.attribute_map"),
    ),
    Difference(
        "Models in tuples and in lists of lists",
        "Left as they are by `to_dict()`; those in tuples also when a request is encoded, which then failed.",
        "Become dicts and JSON wherever they are.",
        "It was a mistake.",
        shown_by=(
            "squareconnect.Customer(cards=(squareconnect.Card(),)).to_dict()",
            "squareconnect.Customer(cards=[[squareconnect.Card()]]).to_dict()",
        ),
        peculiarity="in a tuple",
        comes_to=("value",),
    ),
    # -- Requests --
    Difference(
        "Ids",
        "`/` is sent as it is and `.` and `..` lead elsewhere: `delete_customer_card('C', '..')` deletes the "
        "*customer*. Empty ids are sent. Anything is made a text.",
        "Each id is quoted whole, `/` too. What is no id (empty, blank, `.`, `..`, control characters, no text) is a "
        "`ValueError`, and nothing is sent.",
        "A wrong id must not reach another endpoint.",
        shown_by=(
            "answer().delete_customer_card('C1', '..')",
            "answer().delete_customer_card('C1', '../../VICTIM')",
            "answer().delete_customer('C1/cards/1')",
            "answer().delete_customer('')",
            "answer().delete_customer_card('C1', ' ')",
            "answer().retrieve_customer(5)",
        ),
        peculiarity="peculiar id",
        comes_to=("ValueError", "value"),
    ),
    Difference(
        "No token",
        "`Authorization: Bearer` without a token is sent.",
        "`ValueError` that says what to set; nothing is sent. Without `Configuration.access_token`, the environment "
        "variable `SQUARE_ACCESS_TOKEN` is taken.",
        "The answer, 401, did not say that the token was missing here.",
        shown_by=(
            _CLIENT_FOR.format("access_token", "", ", auth_settings=['oauth2']"),
            _CLIENT_FOR.format("access_token", None, ", auth_settings=['oauth2']"),
        ),
    ),
    Difference(
        "Plain HTTP",
        "The token goes over it to any host.",
        "Only to this machine, or with `Configuration.allow_insecure_http`.",
        "Everyone on the way could read it.",
    ),
    Difference(
        "What JSON cannot carry",
        "Bytes, sets, decimals and the like: `AttributeError` about `swagger_types`. NaN is sent as `NaN`.",
        "`TypeError` that names the type. NaN and infinities: `ValueError`. Nothing is sent.",
        "The message was about something else, and `NaN` is not JSON.",
        shown_by=(
            "api.api_client.sanitize_for_serialization(b'x')",
            "answer().create_customer({'note': {1}})",
            "answer().create_customer({'note': float('nan')})",
        ),
        peculiarity="not of JSON",
        comes_to=("TypeError",),
    ),
    Difference(
        "JSON null",
        "Could be sent in a dict only.",
        "`squareconnect.NULL` as a field's value sends it, too.",
        "Square clears such a field from `Square-Version` 2022-09-21 on.",
        shown_by=("api.api_client.sanitize_for_serialization(squareconnect.Customer(note=squareconnect.NULL))",),
    ),
    Difference(
        "`call_api` and `request`",
        "The API's method adds `Accept` and `Square-Version`, the transport `Content-Type`. A body is not sent with "
        "GET. Form fields are sent if `Content-Type` says so.",
        "`call_api` adds the headers. Bodies are sent with every method, and form fields as `multipart/form-data`. "
        "`request` sends the headers it is given.",
        "What is given is sent.",
        shown_by=(
            "answer().api_client.call_api('/x', 'GET')",
            "answer().api_client.call_api('/x', 'GET', {}, {}, headers(), {'a': 1})",
            "answer().api_client.request('POST', api.api_client.configuration.host + '/x', body={'a': 1})",
            "answer().api_client.rest_client.PUT(api.api_client.configuration.host + '/x', body={'a': 1})",
        ),
    ),
    Difference(
        "A header `Authorization` of one's own",
        "Replaced by the token.",
        "Sent instead of the token.",
        "It was set on purpose.",
        shown_by=(
            "answer().api_client.call_api('/x', 'GET', {}, {}, headers(Authorization='Bearer OTHER'), "
            "auth_settings=['oauth2'])",
        ),
    ),
    Difference(
        "`GET`, `POST`, ... of `RESTClientObject`",
        "Take the headers and what follows them by position.",
        "Take them by keyword.",
        "`request` has them all; these are shorthands.",
        names=(
            "squareconnect.rest.RESTClientObject(squareconnect.Configuration()).[A-Z]*",
        ),
    ),
    # -- Answers --
    Difference(
        "Values of a wrong type",
        "Made to fit with `str()`, `int()` and `bool()`: `'false'` became `True`, cards `'abc'` three empty cards. "
        "Some failed as `ValueError` or `TypeError`. Dates could have any form.",
        "`DecodeError`, an `ApiException`, which names the place: `cards[0].exp_month`.",
        "Wrong data is worse than none.",
        shown_by=(
            _DECODE.format('{"exp_month": "12"}', "Card"),
            _DECODE.format('{"cards": "abc"}', "Customer"),
            _DECODE.format('{"email_unsubscribed": "false"}', "CustomerPreferences"),
            _DECODE.format('"June 12th"', "date"),
            _DECODE.format("NaN", "float"),
        ),
        peculiarity="wrong type",
        comes_to=("DecodeError",),
    ),
    Difference(
        "Answers that are no answer",
        "A success with HTML, a list or nothing gives a response with `customer` None.",
        "`DecodeError`, which has the answer. So is one without what it always has (`customer`, `card`), unless it has "
        "`errors`.",
        "The program went on with nothing.",
        shown_by=(
            "answer('<html></html>').retrieve_customer('C1')",
            "answer([]).list_customers()",
            "answer({}).retrieve_customer('C1')",
            "answer('', 204).retrieve_customer('C1')",
            "answer('null').list_customers()",
            _DECODE.format("<html>", "str"),
        ),
    ),
    Difference(
        "Keys that the models do not have",
        "Dropped.",
        "Kept in `additional_properties`, and sent along if the model is sent.",
        "Square adds fields; reading and writing back lost them.",
        shown_by=(_DECODE.format('{"id": "c", "bin": "411111"}', "Card") + ".additional_properties",),
        peculiarity="unknown key",
        comes_to=("value",),
    ),
    Difference(
        "Type names",
        "Evaluated as Python. `'file'` saved the answer to a file.",
        "Looked up among the models and plain types. Others are refused.",
        "Text that comes from elsewhere must not be run.",
        shown_by=(
            _DECODE.format("{}", "Card if True else 0"),
            _DECODE.format("{}", "Money"),
            _DECODE.format("{}", "Nothing"),
            "api.api_client.deserialize(RESTResponse, 'file')",
        ),
    ),
    Difference(
        "Characters in more than one byte",
        "`UnicodeDecodeError` if one lay across two chunks of the answer, or if an answer was not UTF-8.",
        "An answer is decoded whole; what is not UTF-8 is replaced in `ApiException.body`.",
        "A page of customers was lost, or the status of a failure.",
        shown_by=(
            "answer('{\"cursor\":\"' + 'xé' * 40000 + '\"}').list_customers()",
            "answer(b'\\xff', 500).retrieve_customer('C1')",
        ),
    ),
    Difference(
        "`RESTResponse`",
        "Made of urllib3's response, which it keeps; inherits from `io.IOBase`; `getbatch_token()` for the v1 API.",
        "Has `status`, `reason`, `data`, `getheaders()` and `getheader()` as before, and `content`, the bytes.",
        "The connection serves the next call, and this package has no v1.",
        names=("squareconnect.rest.RESTResponse", "RESTResponse.*"),
    ),
    Difference(
        "`last_response`",
        "That of the last call of any thread.",
        "That of the last call of the thread that asks. A call made with `callback=` has its own.",
        "Threads saw each other's.",
        shown_by=(
            "(lambda c: [answer(), c.call_api('/x', 'GET', {}, {}, headers(), callback=str).join(), "
            "hasattr(c, 'last_response')])(client())",
        ),
    ),
    # -- Failures --
    Difference(
        "No answer",
        "urllib3's exceptions: `MaxRetryError`, `ProtocolError` and others.",
        "`ConnectionFailed` and `Timeout`, both `ApiException`, with `status` None. See [Errors](Errors.md).",
        "Code that catches `ApiException` missed them.",
        shown_by=(_CLIENT_FOR.format("host", "http://127.0.0.1:1", ""),),
    ),
    Difference(
        "`str()` of an `ApiException`",
        "Status, reason, all headers and the whole body.",
        "One sentence: the request, status, errors and what to do. `headers` and `body` still have the rest.",
        "The body has personal data, which does not belong in a traceback.",
        shown_by=("str(squareconnect.rest.ApiException(404, 'Not Found'))",),
    ),
    Difference(
        "`args` of an `ApiException`",
        "The constructor's positional arguments; empty for those that calls raise.",
        "Empty.",
        "`status` and `reason` have them.",
        names=("squareconnect.rest.ApiException(404, 'Not Found').args",),
    ),
    Difference(
        "Time-outs",
        "None: a silent server holds a call forever.",
        "10 s to connect, 30 s between two pieces of an answer, 120 s for a call in all. "
        "See [Configuration](Configuration.md).",
        "A call ends.",
    ),
    Difference(
        "Retries",
        "Hidden: up to 4 tries of GET, PUT and DELETE when a connection drops, and after 413, 429 and 503 with "
        "`Retry-After`, waiting as long as that says. POST once.",
        "Up to 4 tries with growing pauses, where repeating does no harm: `create_customer` without an "
        "`idempotency_key` is never repeated once it may have been carried out. `Configuration.max_retries` and "
        "`max_retry_wait` set how many and how long; the comparison sets 0.",
        "They are now known, bounded and safe.",
        shown_by=("answer('{}', 429, {'Retry-After': '0'}).retrieve_customer('C1')",),
    ),
    Difference(
        "Redirects",
        "Followed; a POST's body is posted again to where it leads.",
        "Not followed: an `ApiException`.",
        "A body with personal data must not go where it was not sent.",
        shown_by=("answer('', 302, {'Location': '/v2/customers/C2'}).retrieve_customer('C1')",),
    ),
    Difference(
        "Large answers",
        "Of any size.",
        "64 MiB at the most: `Configuration.max_response_size`.",
        "Memory has an end.",
    ),
    # -- Settings --
    Difference(
        "`squareconnect.configuration.access_token = ...`",
        "The way of 2.1 to 2.20180712.2. Later it set nothing, without a word.",
        "`AttributeError` that says what to write; see below.",
        "Calls went out without a token.",
        shown_by=("change(squareconnect.configuration, access_token='t')",),
    ),
    Difference(
        "`ApiClient('https://...')`",
        "The way of 2.1 to 2.20180712.2. Later an `AttributeError` about `verify_ssl`.",
        "`TypeError` that says what to write.",
        "The message was about something else.",
        shown_by=("squareconnect.ApiClient('https://connect.squareup.com')",),
    ),
    Difference(
        "Settings that cannot work",
        "Accepted.",
        "`ValueError` when they are set. Each setting can also be given to the constructor.",
        "The call that failed later did not say why.",
        shown_by=(
            "change(squareconnect.Configuration(), host='connect.squareup.com')",
            "change(squareconnect.Configuration(), access_token='a b')",
            "change(squareconnect.Configuration(), ssl_ca_cert='no such file')",
        ),
    ),
    Difference(
        "Proxies",
        "None.",
        "`Configuration.proxy`, else `HTTPS_PROXY` and the like.",
        "There was no way through.",
    ),
    Difference(
        "Logging",
        "Importing or making a `Configuration` adds handlers to the loggers `squareconnect` and `urllib3` and sets "
        "their levels. `debug` prints the token, and bodies.",
        "No handler or level is touched until `debug` or `logger_file` is set. Token and bodies are never logged.",
        "Each warning was printed once per `Configuration`, and logs are no place for a token.",
        names=("*.logger_stream_handler",),
    ),
    Difference(
        "The version",
        "`User-Agent: Square-Connect-Python/2.20190724.1`.",
        "`Square-Connect-Python/` and this package's version.",
        "It says what made the request.",
        names=("*.default_headers", "*.user_agent"),
        shown_by=("squareconnect.Configuration().to_debug_report()",),
    ),
    # -- The client --
    Difference(
        "`callback=`",
        "Gives a `threading.Thread` that is no daemon; there can be any number. Failures are printed only.",
        "Gives a handle, which has the `join` and `is_alive` of a thread, the result and the exception. The threads "
        "are daemons of a bounded number; at exit, calls with a callback are waited for.",
        "A failure could not be seen, and a hanging call kept the program from ending.",
        shown_by=("isinstance(answer().list_customers(callback=str), __import__('threading').Thread)",),
    ),
    Difference(
        "Connections",
        "A client keeps 1 to a host: with more threads, the others are opened for one request each.",
        "A client keeps up to `Configuration.connection_pool_maxsize` and can be closed (`with`, `close()`).",
        "Opening a connection takes time, and over TLS more of it.",
    ),
    Difference(
        "Words of some exceptions",
        "For an HTTP method that does not exist, arguments given twice or too many, and no `last_response` yet.",
        "The same exceptions in other words.",
        "They come from other code.",
        shown_by=(
            "answer().api_client.call_api('/x', 'FETCH')",
            "squareconnect.Card(*range(9))",
            "squareconnect.Card('c', id='d')",
            "squareconnect.ApiClient().last_response",
        ),
    ),
)  # fmt: skip
"""The differences, in the order of the table."""
