"""An OpenID Connect provider: real keys and signatures, codes that work once, PKCE; and the ways it can be wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "vraagbaak"
CLIENT_SECRET = "een geheim: van de tests/"
# Making one takes a while; the same ones for all tests, so that what was cached stays right.
KEYS = [RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("een", "twee")]
LIFETIME_S = 300
Json = dict[str, Any]


@dataclass
class Sale:
    """What a code was given for."""

    redirect_uri: str
    challenge: str
    nonce: str
    person: Json


@dataclass
class OpenIdProvider:
    """`person` is who sits at its sign-in form: claims of the ID token. `changes` is done to the token before signing.

    user_info: what it says at its own address, besides the subject. refuses: the error that it leads back with.
    """

    port: int
    redirect_uri: str = ""
    person: Json = field(default_factory=lambda: {"sub": "1"})
    user_info: Json = field(default_factory=dict)
    changes: Callable[[Json], Json] = lambda claims: claims
    key: RSAKey = field(default_factory=lambda: KEYS[0])
    shown_keys: list[RSAKey] = field(default_factory=lambda: [KEYS[0]])
    header: Json = field(default_factory=dict)
    refuses: str = ""
    is_down: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Sale] = field(default_factory=dict)
    access_tokens: dict[str, Json] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/realms/winkel"

    async def respond(self, request: web.Request) -> web.StreamResponse:
        part = request.match_info["part"]
        self.asked.append(part)
        if self.is_down:
            return web.Response(status=503)
        return await {
            ".well-known/openid-configuration": self._discovery,
            "authorize": self._authorize,
            "token": self._token,
            "jwks": self._jwks,
            "userinfo": self._user_info,
        }[part](request)

    async def _discovery(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "response_types_supported": ["code"],
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        """The person has signed in already, and is led back at once."""
        asked = request.query
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        if self.redirect_uri and asked["redirect_uri"] != self.redirect_uri:
            return web.Response(status=400, text="this address is not registered")
        answer = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            answer["error"] = self.refuses
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self.codes[answer["code"]] = Sale(
                asked["redirect_uri"], asked["code_challenge"], asked["nonce"], dict(self.person)
            )
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        client_id, _, secret = base64.b64decode(given).decode().partition(":")
        if kind != "Basic" or (unquote(client_id), unquote(secret)) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        form = await request.post()
        sale = self.codes.pop(str(form.get("code")), None)
        verifier = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if sale is None or sale.redirect_uri != form.get("redirect_uri"):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if not hmac.compare_digest(sale.challenge, challenge):
            return web.json_response({"error": "invalid_grant"}, status=400)
        access_token = secrets.token_urlsafe(16)
        self.access_tokens[access_token] = {"sub": sale.person["sub"], **self.user_info}
        return web.json_response(
            {"access_token": access_token, "token_type": "Bearer", "id_token": self.id_token(sale.person, sale.nonce)}
        )

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.shown_keys]})

    async def _user_info(self, request: web.Request) -> web.Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.access_tokens:
            return web.Response(status=401)
        return web.json_response(self.access_tokens[token])

    def id_token(self, person: Json, nonce: str) -> str:
        now_s = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now_s, "exp": now_s + LIFETIME_S, "nonce": nonce}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, self.changes({**claims, **person}), self.key)


@asynccontextmanager
async def running_provider(port: int = 0, **options: Any) -> AsyncIterator[OpenIdProvider]:
    """On this port, or a free one."""
    provider = OpenIdProvider(port, **options)
    app = web.Application()
    app.router.add_route("*", "/realms/winkel/{part:.*}", provider.respond)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
