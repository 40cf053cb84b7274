"""Every difference from squareconnect 2.x that code can notice, and the reason for it.

The table in ``docs/Migration.md`` is generated from this list, and ``python -m compatibility`` fails unless the two
packages differ in what is listed here, and in nothing else.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Difference(NamedTuple):
    """A difference: the cells of its row in the table, and how the comparison recognizes it."""

    what: str
    before: str
    now: str
    why: str
    names: tuple[str, ...] = ()
    """Patterns of the names that differ."""
    shown_by: tuple[str, ...] = ()
    """Expressions with different outcomes."""
    peculiarity: str = ""
    """The peculiarity of random payloads with different outcomes."""
    calls: tuple[str, ...] = ()
    """Patterns of the calls of 2.x's API classes with different outcomes."""
    comes_to: tuple[str, ...] = ()
    """The possible outcomes of such payloads and calls in this package: names of exceptions, or ``value``."""

    @property
    def can_be_found(self) -> bool:
        """Whether the comparison can find this difference."""
        return bool(self.names or self.shown_by or self.peculiarity or self.calls)

    def explains(self, expression: str, peculiarity: str, ours: dict[str, Any]) -> bool:
        """Return whether this difference explains the different outcomes of an expression.

        :param ours: its outcome in this package.
        """
        if expression in self.shown_by or _matches(expression, self.names):
            return True
        expected = _matches(expression, self.calls) or (peculiarity != "" and peculiarity == self.peculiarity)
        return expected and ours.get("raises", ["value"])[0] in self.comes_to


def _matches(expression: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(expression, pattern) for pattern in patterns)


_CLIENT_FOR = (
    "(lambda c: [setattr(c.configuration, {!r}, {!r}), c.call_api('/x', 'GET', {{}}, {{}}, headers(){})])(client())"
)
_DECODE = "api.api_client.deserialize(of({!r}), {!r})"

DIFFERENCES = (
    # -- What there is --
    Difference(
        "Other APIs",
        "449 models and 17 API classes.",
        "The Customers API: `CustomersApi`, its 20 models and 7 enumerations. Any other name of 2.x is an "
        "`ImportError` or `AttributeError` that says where to get it.",
        "This package has one purpose. The other APIs of 2.x run on its client: see [Other APIs](#other-apis).",
        shown_by=("squareconnect.LocationsApi()", "squareconnect.models.Money()"),
    ),
    Difference(
        "`search_customers`",
        "From 2.9.0, with the models of its query.",
        "Missing. `api_client.call_api('/v2/customers/search', 'POST', ...)` or 2.x's own class makes the call: see "
        "[Other APIs](#other-apis).",
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
        "Any version that happens to work, including 2.7.",
        "3.10 and later, with type annotations.",
        "Older versions get no security fixes.",
    ),
    Difference(
        "Names of no interface",
        "Private methods, and what a module imports, can be called and patched: `_ApiClient__deserialize`, "
        "`squareconnect.rest.urllib3`.",
        "Missing. `ApiClient.deserialize` decodes, as before; patch `urllib3.PoolManager.request` by its own name.",
        "They were never documented.",
        shown_by=("squareconnect.rest.urllib3.__name__", "client()._ApiClient__deserialize({'id': 'C1'}, 'Customer')"),
    ),
    Difference(
        "Also installed",
        "A top-level package `test`, which hides Python's own.",
        "Only `squareconnect` is installed.",
        "It was a mistake.",
    ),
    # -- Models --
    Difference(
        "Order of a constructor's arguments",
        "`CreateCustomerRequest` began with `idempotency_key` from 2.20181205.0; `birthday` stood inside `Customer` "
        "from 2.20180918.0.",
        "The order of 2.1 to 2.7, with later fields at the end. Keyword arguments work as before.",
        "Each later field changed the meaning of positional arguments. Now code of any age that passes the old fields "
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
        "Attributes that do not exist",
        "Can be set on models and on `Configuration`.",
        "`AttributeError` that suggests the nearest name, in subclasses, too. To keep values of your own, see "
        "[Values of your own](#values-of-your-own).",
        "The value was never sent, or the setting had no effect: it was usually misspelt.",
        shown_by=(
            "change(squareconnect.Card(), last4='1111')",
            "change(squareconnect.Configuration(), acess_token='t')",
            "change(squareconnect.Card(), swagger_types={})",
        ),
    ),
    Difference(
        "Comparing models",
        "With `None` or another type: `AttributeError`. Models of two classes are equal if their fields have the same "
        "names and values.",
        "`False`. Models of two classes are never equal.",
        "A comparison should not fail.",
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
        "Programs had to spell the values out.",
        shown_by=("squareconnect.CardBrand.VISA", "squareconnect.Country.GB", "squareconnect.ErrorCode.NOT_FOUND"),
    ),
    Difference(
        "`swagger_types` and `attribute_map`",
        "Created for each instance; missing on the class.",
        "One of each per class, available on the class and its instances.",
        "The two dicts took most of the memory of a model.",
        shown_by=("squareconnect.Card.swagger_types", "squareconnect.Card.attribute_map"),
    ),
    Difference(
        "`__dict__` of a model",
        "Private attributes such as `_id`, besides `swagger_types` and `attribute_map`.",
        "The fields that are set, under their own names. Code that strips the underscores works with both.",
        "Reading a field costs what reading any Python attribute costs.",
        shown_by=("squareconnect.Card(id='c').__dict__", "hasattr(squareconnect.Card(id='c'), '_id')"),
    ),
    Difference(
        "`repr()` and `str()` of a model",
        "The same as `to_str()`: a dict of all fields, without the name of the class.",
        "A call of the constructor with the fields that are set. `to_str()` is unchanged.",
        "It is shorter, and it says what the value is.",
        shown_by=(
            "repr(squareconnect.Error('API_ERROR', 'NOT_FOUND', 'A detail that is long enough for a second line.'))",
            "str(squareconnect.CardBrand())",
        ),
    ),
    Difference(
        "Models in tuples and in lists of lists",
        "`to_dict()` leaves them unchanged. Encoding a request with a model in a tuple fails.",
        "They become dicts and JSON wherever they are.",
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
        "`/` is sent unquoted, and `.` and `..` change the path: `delete_customer_card('C', '..')` deletes the "
        "*customer*. Empty ids are sent. Values of any type are converted to text.",
        "Each id is quoted as a whole, including `/`. A value that cannot be an id (empty, blank, `.`, `..`, with "
        "control characters, or not a string or `uuid.UUID`) is refused before anything is sent; see the next row.",
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
        comes_to=("InvalidArgument", "value"),
    ),
    Difference(
        "Values refused before sending",
        "`ValueError` for an argument that is None or missing. Everything else is sent, and Square refuses it.",
        "An exception that is both an `ApiException` (`status` None, `outcome_unknown` False) and a `ValueError`.",
        "Programs that catch `ApiException` for values that people typed keep working.",
    ),
    Difference(
        "No token",
        "`Authorization: Bearer` without a token is sent.",
        "Refused before anything is sent, with a message that says what to set. Without `Configuration.access_token`, "
        "the environment variable `SQUARE_ACCESS_TOKEN` is used.",
        "The answer, 401, did not say that the program had set no token.",
        shown_by=(
            _CLIENT_FOR.format("access_token", "", ", auth_settings=['oauth2']"),
            _CLIENT_FOR.format("access_token", None, ", auth_settings=['oauth2']"),
        ),
    ),
    Difference(
        "Plain HTTP",
        "The token is sent over it to any host.",
        "Only to this machine, or with `Configuration.allow_insecure_http`.",
        "Anyone between the program and the server could read the token.",
    ),
    Difference(
        "Values that JSON cannot hold",
        "Bytes, sets, decimals, UUIDs and others: `AttributeError` about `swagger_types`. NaN is sent as `NaN`.",
        "`TypeError` that names the type. NaN and infinities are a `ValueError`. Nothing is sent. A `uuid.UUID` is "
        "sent as text.",
        "The message was about something else, and `NaN` is not JSON.",
        shown_by=(
            "api.api_client.sanitize_for_serialization(b'x')",
            "answer().create_customer({'note': {1}})",
            "answer().create_customer({'note': float('nan')})",
            "api.api_client.sanitize_for_serialization(__import__('uuid').UUID(int=5))",
        ),
        peculiarity="not of JSON",
        comes_to=("TypeError",),
    ),
    Difference(
        "JSON null",
        "Can only be sent in a dict.",
        "`squareconnect.NULL` as the value of a field sends it as well.",
        "From `Square-Version` 2022-09-21 on, Square clears such a field.",
        shown_by=("api.api_client.sanitize_for_serialization(squareconnect.Customer(note=squareconnect.NULL))",),
    ),
    Difference(
        "`call_api`",
        "The method of the API class adds `Accept` and `Square-Version`. A body is not sent with GET. Form fields are "
        "sent only if `Content-Type` says so.",
        "`call_api` adds the headers. Bodies are sent with every method. Form fields are sent as `multipart/form-data` "
        "unless `Content-Type` asks for `application/x-www-form-urlencoded`.",
        "A call should send what it is given.",
        shown_by=(
            "answer().api_client.call_api('/x', 'GET')",
            "answer().api_client.call_api('/x', 'GET', {}, {}, headers(), {'a': 1})",
        ),
    ),
    Difference(
        "Your own `Authorization` header",
        "Replaced by the token.",
        "Sent instead of the token.",
        "The program set it on purpose.",
        shown_by=(
            "answer().api_client.call_api('/x', 'GET', {}, {}, headers(Authorization='Bearer OTHER'), "
            "auth_settings=['oauth2'])",
        ),
    ),
    # -- Answers --
    Difference(
        "Values of a wrong type",
        "Converted with `str()`, `int()` and `bool()`: `'false'` becomes `True`, and cards `'abc'` three empty cards. "
        "Some fail with `ValueError` or `TypeError`. Dates can have any form.",
        "`DecodeError`, an `ApiException` that names the place: `cards[0].exp_month`. It is also raised for null "
        "instead of a model in a list or dict. In models from other packages, plain values are converted as before.",
        "Wrong data is worse than no data.",
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
        "Successes with another body",
        "HTML, a list or an empty body becomes a response whose `customer` is None. An object instead of a list "
        "becomes a list of empty models.",
        "`DecodeError`, which holds the answer. It is also raised for an answer without its required field "
        "(`customer`, `card`).",
        "The program went on without data.",
        shown_by=(
            "answer('<html></html>').retrieve_customer('C1')",
            "answer([]).list_customers()",
            "answer({}).retrieve_customer('C1')",
            "answer('', 204).retrieve_customer('C1')",
            "answer('null').list_customers()",
            _DECODE.format("<html>", "str"),
        ),
        calls=(
            "call('CustomersApi', '[!ls]*_customer*', 'required arguments')",
            "call('CustomersApi', '[!ls]*_customer*', 'an empty answer')",
            "call('V1*Api', 'list_*', 'an answer with errors only')",
        ),
        comes_to=("DecodeError",),
    ),
    Difference(
        "Successes with errors only",
        "A status 200 with nothing but `errors` is a result.",
        "An `ApiException` with `.errors`, for the models of this package. For models from other packages it is still "
        "a result.",
        "Programs did not check `errors`, and mistook a failure for a success.",
        calls=("answer({'errors': *", "call('CustomersApi', '*', 'an answer with errors only')"),
        comes_to=("ApiException",),
    ),
    Difference(
        "Nulls in models from other packages",
        "`ValueError` about the field, if the model checks it.",
        "None.",
        "An answer that lacks one value is still an answer.",
        calls=("call('V1ItemsApi', '*_page*', 'required arguments')",),
        comes_to=("value",),
    ),
    Difference(
        "Keys that are not fields of a model",
        "Dropped.",
        "Kept in `additional_properties`, and sent with the model if it is sent.",
        "Square adds fields, and a model that was read and sent back lost them.",
        shown_by=(_DECODE.format('{"id": "c", "bin": "411111"}', "Card") + ".additional_properties",),
        peculiarity="unknown key",
        comes_to=("value",),
    ),
    Difference(
        "Type names",
        "Evaluated as Python. `'file'` saved the answer to a file.",
        "Looked up among the models and plain types. Any other name is refused.",
        "A name must never run as code.",
        shown_by=(
            _DECODE.format("{}", "Card if True else 0"),
            _DECODE.format("{}", "Money"),
            _DECODE.format("{}", "Nothing"),
            "api.api_client.deserialize(RESTResponse, 'file')",
        ),
    ),
    Difference(
        "Multi-byte characters",
        "`UnicodeDecodeError` if a character is split over two chunks of an answer, or if an answer is not UTF-8.",
        "An answer is decoded as a whole. Bytes that are not UTF-8 are replaced in `ApiException.body`.",
        "The program lost a page of customers, or the status of a failure.",
        shown_by=(
            "answer('{\"cursor\":\"' + 'xé' * 40000 + '\"}').list_customers()",
            "answer(b'\\xff', 500).retrieve_customer('C1')",
        ),
    ),
    Difference(
        "`RESTResponse`",
        "Wraps urllib3's response and keeps it; inherits from `io.IOBase`.",
        "Has `status`, `reason`, `data`, `getheaders()`, `getheader()` and `getbatch_token()` as before, and "
        "`content`, the bytes. The constructor takes `status`, `reason`, `headers` and `content`.",
        "The connection is free for the next call.",
        names=("squareconnect.rest.RESTResponse", "RESTResponse.*"),
    ),
    Difference(
        "`last_response`",
        "The answer to the last call of any thread.",
        "The answer to the last call of the thread that reads it. A call with `callback=` keeps its own.",
        "Threads saw each other's answers.",
        shown_by=(
            "(lambda c: [answer(), c.call_api('/x', 'GET', {}, {}, headers(), callback=str).join(), "
            "hasattr(c, 'last_response')])(client())",
        ),
    ),
    # -- Failures --
    Difference(
        "No answer",
        "urllib3's exceptions: `MaxRetryError`, `ProtocolError` and others.",
        "`ConnectionFailed` and `Timeout`, which are `ApiException` with `status`, `headers` and `body` None. See "
        "[Errors](Errors.md).",
        "Code that catches `ApiException` missed them.",
        shown_by=(_CLIENT_FOR.format("host", "http://127.0.0.1:1", ""),),
    ),
    Difference(
        "`str()` of an `ApiException`",
        "Status, reason, all headers and the whole body.",
        "One sentence: the request, the status (still in parentheses, as in `(404)`), the errors and what to do. "
        "`headers` and `body` hold the rest.",
        "The body contains personal data, which does not belong in a traceback.",
        shown_by=("str(squareconnect.rest.ApiException(404, 'Not Found'))",),
    ),
    Difference(
        "`args` of an `ApiException`",
        "The positional arguments of the constructor; empty on exceptions that calls raise.",
        "Empty.",
        "`status` and `reason` hold the same.",
        names=("squareconnect.rest.ApiException(404, 'Not Found').args",),
    ),
    Difference(
        "Time-outs",
        "None: a call to a silent server never returns.",
        "10 s to connect, 30 s between two pieces of an answer, and 120 s for a whole call. "
        "See [Configuration](Configuration.md).",
        "Every call ends.",
    ),
    Difference(
        "Retries",
        "Undocumented: up to 4 tries of GET, PUT and DELETE when a connection drops, and after 413, 429 and 503 with "
        "`Retry-After`, with the pause that this header asks for. POST is tried once.",
        "Up to 4 tries with growing pauses, if repeating is harmless: `create_customer` without an "
        "`idempotency_key` is never repeated once Square may have carried it out. `Configuration.max_retries` and "
        "`max_retry_wait` limit the retries and the pauses; `python -m compatibility` sets `max_retries` to 0.",
        "Retries are documented, bounded and safe.",
        shown_by=("answer('{}', 429, {'Retry-After': '0'}).retrieve_customer('C1')",),
    ),
    Difference(
        "Redirects",
        "Followed. The body of a POST is sent again to the new address.",
        "Not followed: the call raises an `ApiException`.",
        "Personal data must not go to an address that the program did not choose.",
        shown_by=("answer('', 302, {'Location': '/v2/customers/C2'}).retrieve_customer('C1')",),
    ),
    Difference(
        "Large answers",
        "Read regardless of their size.",
        "Refused above 64 MiB, or above `Configuration.max_response_size`.",
        "One answer must not use up all memory.",
    ),
    # -- Settings --
    Difference(
        "`squareconnect.configuration.access_token = ...`",
        "The style of 2.1 to 2.20180712.2. In later releases the line has no effect.",
        "Sets the default for every `Configuration` without its own token, with a `DeprecationWarning`. `.host` works "
        "the same way.",
        "The line is still in many programs, and it should do what it says.",
    ),
    Difference(
        "`ApiClient('https://...')`",
        "The style of 2.1 to 2.20180712.2. In later releases an `AttributeError` about `verify_ssl`.",
        "`TypeError` that says what to write.",
        "The message was about something else.",
        shown_by=("squareconnect.ApiClient('https://connect.squareup.com')",),
    ),
    Difference(
        "Settings that cannot work",
        "Accepted.",
        "`ValueError` when they are set. The constructor accepts every setting as well.",
        "The call that failed later did not say why.",
        shown_by=(
            "change(squareconnect.Configuration(), host='connect.squareup.com')",
            "change(squareconnect.Configuration(), access_token='a b')",
            "change(squareconnect.Configuration(), ssl_ca_cert='no such file')",
        ),
    ),
    Difference(
        "Proxies",
        "Not supported.",
        "`Configuration.proxy`, or else `HTTPS_PROXY` and the related environment variables.",
        "Some networks allow requests only through a proxy.",
    ),
    Difference(
        "Logging",
        "Each new `Configuration` adds handlers to the loggers `squareconnect` and `urllib3` and sets their levels. "
        "`debug` prints the token and bodies.",
        "Handlers and levels stay as they are until `debug` or `logger_file` is set. The token and bodies are never "
        "logged.",
        "Each warning was printed once per `Configuration`, and a token does not belong in a log.",
        names=("*.logger_stream_handler",),
    ),
    Difference(
        "The version",
        "`User-Agent: Square-Connect-Python/2.20190724.1`.",
        "`Square-Connect-Python/` and this package's version.",
        "The header should name the sender.",
        names=("*.default_headers", "*.user_agent"),
        shown_by=("squareconnect.Configuration().to_debug_report()",),
    ),
    # -- The client --
    Difference(
        "`callback=`",
        "Returns a `threading.Thread`, one for each call and not a daemon. Failures are only printed.",
        "Returns a handle with the `join` and `is_alive` of a thread, the result and the exception. A limited number "
        "of daemon threads makes the calls. At exit, the interpreter waits for calls with a callback.",
        "Programs could not see a failure, and one call without an answer kept the program from ending.",
        shown_by=("isinstance(answer().list_customers(callback=str), __import__('threading').Thread)",),
    ),
    Difference(
        "Connections",
        "A client keeps one connection per host. Further threads open new ones again and again.",
        "A client keeps up to `Configuration.connection_pool_maxsize` and can be closed (`with`, `close()`).",
        "Opening a connection takes time, especially with TLS.",
    ),
    Difference(
        "Messages of some exceptions",
        "For an unknown HTTP method, a duplicate or surplus argument, and `last_response` before the first call.",
        "The same exceptions with other messages.",
        "Other code raises them.",
        shown_by=(
            "answer().api_client.call_api('/x', 'FETCH')",
            "squareconnect.Card(*range(9))",
            "squareconnect.Card('c', id='d')",
            "squareconnect.ApiClient().last_response",
        ),
    ),
)  # fmt: skip
"""The differences, in the order of the table."""
