"""The OpenID Connect provider: where people sign in, and what it then says about them."""

from __future__ import annotations

import time
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from bot.errors import NotSignedIn, UpstreamError
from bot.settings import Settings
from bot.store.identities import OpenIdFlow
from bot.web.bodies import read_answer

TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 1024 * 1024
DISCOVERY_S = 3600
# Keys are asked for again when a token names one that we don't know, but not for every wrong token.
KEYS_S = 60
LEEWAY_S = 60
# Signed with a key that only the provider has.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class Discovery(msgspec.Struct):
    """What we use of a provider's description of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Tokens(msgspec.Struct):
    """What the provider gives for a code."""

    id_token: str
    access_token: str = ""


@dataclass(frozen=True)
class Person:
    """Who signed in. email: only if the provider has verified it, else empty. groups: as the roles' claim has them."""

    issuer: str
    subject: str
    name: str = ""
    username: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()


class ProviderRefused(UpstreamError):
    """The provider answered, but with an error."""

    def __init__(self, http_status: int) -> None:
        self.http_status = http_status
        super().__init__(f"the provider answered with HTTP {http_status}")


@dataclass
class _Cached:
    """What the provider says of itself, and until when we believe it, by the steady clock."""

    discovery: Discovery
    until_s: float
    keys: Any = None
    keys_at_s: float = field(default=0.0)


class Provider:
    """Asks the provider. Every method raises UpstreamError when it can't be reached or says what can't be read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cached: _Cached | None = None
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def sign_in_url(self, flow: OpenIdFlow, state: str) -> str:
        """Where the browser goes to sign in."""
        known = await self._known()
        url: str = prepare_grant_uri(
            known.discovery.authorization_endpoint,
            client_id=self._settings.oidc_client_id,
            response_type="code",
            redirect_uri=flow.redirect_uri,
            scope=self._settings.oidc_scopes,
            state=state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.code_verifier),
            code_challenge_method="S256",
        )
        return url

    async def person(self, flow: OpenIdFlow, code: str) -> Person:
        """Who came back with `code`. Raises NotSignedIn when what the provider says is not for us, or not now."""
        known = await self._known()
        tokens = await self._exchange(known.discovery, flow, code)
        claims = await self._verified(known, tokens, flow.nonce)
        if self._group_claim(claims) is None and known.discovery.userinfo_endpoint and tokens.access_token:
            claims = {**await self._user_info(known.discovery, tokens, claims["sub"]), **claims}
        return self._as_person(known.discovery.issuer, claims)

    async def issuer_is(self, issuer: str) -> bool:
        """Whether an answer that names its issuer is this provider's (RFC 9207)."""
        return issuer == (await self._known()).discovery.issuer

    async def _known(self) -> _Cached:
        if self._cached is None or self._cached.until_s < time.monotonic():
            issuer = self._settings.oidc_issuer
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            discovery = await self._ask("GET", url, Discovery)
            if discovery.issuer.rstrip("/") != issuer.rstrip("/"):
                raise UpstreamError(f"the provider calls itself {discovery.issuer[:200]!r}, expected BOT_OIDC_ISSUER")
            self._check_endpoints(discovery)
            self._cached = _Cached(discovery, time.monotonic() + DISCOVERY_S)
        return self._cached

    def _check_endpoints(self, discovery: Discovery) -> None:
        if self._settings.oidc_issuer.startswith("https://"):
            for endpoint in (discovery.authorization_endpoint, discovery.token_endpoint, discovery.jwks_uri):
                if not endpoint.startswith("https://"):
                    raise UpstreamError("an endpoint of the provider is not https://")

    async def _exchange(self, discovery: Discovery, flow: OpenIdFlow, code: str) -> Tokens:
        client_id, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "code_verifier": flow.code_verifier,
        }
        headers = {}
        if secret and "client_secret_basic" in discovery.token_endpoint_auth_methods_supported:
            both = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {b64encode(both.encode()).decode()}"
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        try:
            return await self._ask("POST", discovery.token_endpoint, Tokens, form=form, headers=headers)
        except ProviderRefused as exc:
            # What RFC 6749 says for a code that is over, or was used; whoever signs in can try again.
            if exc.http_status == 400:
                raise NotSignedIn("the provider does not know the code") from exc
            raise

    async def _verified(self, known: _Cached, tokens: Tokens, nonce: str) -> dict[str, Any]:
        """The claims of the ID token: signed by the provider, for us, for this very sign-in, and not over."""
        client_id = self._settings.oidc_client_id
        try:
            decoded = await self._decoded(known, tokens.id_token)
            CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": known.discovery.issuer},
                    "aud": {"essential": True, "value": client_id},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": client_id, "access_token": tokens.access_token},
            ).validate(leeway=LEEWAY_S)
        except (JoseError, ValueError) as exc:
            raise NotSignedIn(f"the ID token is not valid: {getattr(exc, 'error', type(exc).__name__)}") from exc
        return dict(decoded.claims)

    async def _decoded(self, known: _Cached, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, await self._keys(known), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            return jwt.decode(id_token, await self._keys(known, older_than_s=KEYS_S), algorithms=ALGORITHMS)

    async def _keys(self, known: _Cached, older_than_s: float = DISCOVERY_S) -> KeySet:
        if known.keys is None or time.monotonic() - known.keys_at_s > older_than_s:
            found = await self._ask("GET", known.discovery.jwks_uri, dict[str, Any])
            try:
                known.keys = KeySet.import_key_set(found)
            except (JoseError, ValueError, TypeError, KeyError) as exc:
                raise UpstreamError("the provider's keys can't be read") from exc
            known.keys_at_s = time.monotonic()
        keys: KeySet = known.keys
        return keys

    async def _user_info(self, discovery: Discovery, tokens: Tokens, subject: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {tokens.access_token}"}
        claims = await self._ask("GET", discovery.userinfo_endpoint, dict[str, Any], headers=headers)
        if claims.get("sub") != subject:
            raise NotSignedIn("the provider tells about somebody else")
        return claims

    def _as_person(self, issuer: str, claims: dict[str, Any]) -> Person:
        groups = self._group_claim(claims) or ()
        return Person(
            issuer=issuer,
            subject=claims["sub"],
            name=_text(claims, "name"),
            username=_text(claims, "preferred_username"),
            email=_text(claims, "email") if claims.get("email_verified") is True else "",
            groups=(groups,) if isinstance(groups, str) else tuple(one for one in groups if isinstance(one, str)),
        )

    def _group_claim(self, claims: dict[str, Any]) -> Any:
        """The claim with the groups, text or list; None without one."""
        path = self._settings.oidc_roles_claim
        found: Any = claims.get(path)
        if found is None:
            found = claims
            for part in path.split("."):
                found = found.get(part) if isinstance(found, dict) else None
        return found if isinstance(found, str | list) else None

    async def _ask(
        self,
        method: str,
        url: str,
        shape: Any,
        *,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), trust_env=True)
        request = self._session.request(
            method, url, data=form, headers={"accept": "application/json", **(headers or {})}, allow_redirects=False
        )
        try:
            async with request as response:
                if response.status != 200:
                    raise ProviderRefused(response.status)
                return msgspec.json.decode(await read_answer(response, max_bytes=MAX_ANSWER_BYTES), type=shape)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise UpstreamError(f"no answer of the provider: {type(exc).__name__}") from exc
        except (msgspec.DecodeError, ValueError) as exc:
            raise UpstreamError("the provider's answer can't be read") from exc


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return " ".join(value.split()) if isinstance(value, str) else ""
