"""Who has what: files, variables and code, from which key and endpoint are to be found."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.platform_server.identity import token

DEFAULT = "https://api.cloud.nextmv.io"

# The one that is built into the SDK.
NEXTMV_CLIENT_ID = "4k91vdlr1m52v9v45h9vc7a25e"


@dataclass(frozen=True)
class Situation:
    """One row of the matrix, with what is to come of it."""

    config: str | None = None
    """Text of the file of profiles."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables without their NEXTMV_."""
    code: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, Any] = field(default_factory=dict)
    """From a session to the document of its tokens."""
    sessions: str | None = None

    endpoint: str | None = None
    """Where it leads; nowhere, when it is None."""
    bearer: str | None = None
    team: str | None = None
    system_certs: bool = False
    problem: str = ""
    """Words of what is said, where it leads nowhere."""
    theirs: str | None = None
    """What the SDK does otherwise, in its words or results; None: it does the same."""

    def as_json(self) -> str:
        """Return what both are given."""
        files = {"config.yaml": self.config, "sessions.yaml": self.sessions}
        for session, document in self.tokens.items():
            files[f"auth/{session}/tokens.json"] = json.dumps(document)
        return json.dumps(
            {
                "files": {
                    name: text for name, text in files.items() if text is not None
                },
                "environ": self.variables,
                "code": dict(self.code),
            }
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment."""
        return {f"NEXTMV_{name}": text for name, text in self.environ.items()}


def lay_out(home: Path, files: Mapping[str, str]) -> None:
    """Write the files of Nextmv's own tools below a home."""
    for name, text in files.items():
        path = home / ".nextmv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def tokens(
    name: str, life_s: float = 3600, client_id: str = NEXTMV_CLIENT_ID
) -> dict[str, Any]:
    """Return the document of somebody's tokens."""
    expires_at = int(time.time() + life_s)
    return {
        "access_token": f"access of {name}",
        "id_token": token({"aud": client_id, "exp": expires_at, "sub": name}),
        "refresh_token": f"refresh of {name}",
        "token_type": "Bearer",
        "expires_at": datetime.fromtimestamp(expires_at, timezone.utc).isoformat(),
    }


BOTH = "apikey: k-default\nendpoint: api.default.example\n"
STAGING = "stg:\n  apikey: k-stg\n  endpoint: api.stg.example\n"
PROFILES = BOTH + STAGING
TEAM = "sso:\n  auth_type: pkce\n  endpoint: api.sso.example\n  team_id: t-1\n"
IN_WORK = TEAM + "  auth_session: work\n"
SESSIONS = (
    "api.sso.example:\n  oidc_discovery_url: https://id.example\n  client_id: c-1\n"
)
ANNE, BOB = tokens("anne"), tokens("bob")
OF_C1 = tokens("carl", client_id="c-1")
OF_ANOTHER = tokens("dora", client_id="of-another")

AT_DEFAULT = {"endpoint": "https://api.default.example", "bearer": "k-default"}
AT_STAGING = {"endpoint": "https://api.stg.example", "bearer": "k-stg"}
AT_SSO = {"endpoint": "https://api.sso.example"}
SSO = {"environ": {"PROFILE": "sso"}}
STG = {"environ": {"PROFILE": "stg"}}
BY_ANNE = {"bearer": ANNE["id_token"], "team": "t-1"}

SITUATIONS = {
    # Environment and code alone.
    "nothing": Situation(problem="no API key"),
    "key in the environment": Situation(
        environ={"API_KEY": "k-env"}, endpoint=DEFAULT, bearer="k-env"
    ),
    "key in code": Situation(
        environ={"API_KEY": "k-env"},
        code={"api_key": "k-code"},
        endpoint=DEFAULT,
        bearer="k-code",
    ),
    "empty key in code": Situation(
        environ={"API_KEY": "k-env"},
        code={"api_key": ""},
        endpoint=DEFAULT,
        bearer="k-env",
    ),
    "blank key in code": Situation(
        PROFILES,
        code={"api_key": " "},
        **AT_DEFAULT,
        theirs="bearer:  ",
    ),
    "empty endpoint and profile in code": Situation(
        PROFILES,
        environ={"ENDPOINT": "h.example"},
        code={"endpoint": "", "profile": ""},
        endpoint="https://h.example",
        bearer="k-default",
    ),
    "endpoint in the environment": Situation(
        environ={"API_KEY": "k-env", "ENDPOINT": "https://h.example"},
        endpoint="https://h.example",
        bearer="k-env",
    ),
    "endpoint in the environment, without a scheme": Situation(
        environ={"API_KEY": "k-env", "ENDPOINT": "h.example"},
        endpoint="https://h.example",
        bearer="k-env",
    ),
    "endpoint on this machine": Situation(
        environ={"API_KEY": "k-env", "ENDPOINT": "http://localhost:8000"},
        endpoint="http://localhost:8000",
        bearer="k-env",
    ),
    "endpoint in code": Situation(
        environ={"API_KEY": "k-env", "ENDPOINT": "https://h.example"},
        code={"endpoint": "https://code.example"},
        endpoint="https://code.example",
        bearer="k-env",
    ),
    "empty key in the environment": Situation(
        PROFILES, environ={"API_KEY": ""}, **AT_DEFAULT
    ),
    "blank key in the environment": Situation(
        PROFILES, environ={"API_KEY": "  "}, **AT_DEFAULT, theirs="bearer:   "
    ),
    "key with a line break": Situation(
        environ={"API_KEY": "k-env\n"},
        endpoint=DEFAULT,
        bearer="k-env",
        theirs="bearer: k-env\n",
    ),
    # The default profile.
    "default profile": Situation(PROFILES, **AT_DEFAULT),
    "default profile without an endpoint": Situation(
        "apikey: k-default\n", endpoint=DEFAULT, bearer="k-default"
    ),
    "default profile without a key": Situation(
        "endpoint: api.default.example\n", problem="no API key"
    ),
    "default profile without anything": Situation("", problem=" is empty"),
    "default profile without anything, key in the environment": Situation(
        "", environ={"API_KEY": "k-env"}, endpoint=DEFAULT, bearer="k-env"
    ),
    "default profile without anything, key in code": Situation(
        " \n", code={"api_key": "k-code"}, endpoint=DEFAULT, bearer="k-code"
    ),
    "file of comments": Situation("# apikey: k-old\n", problem="no API key"),
    "file of comments, key in the environment": Situation(
        "# apikey: k-old\n",
        environ={"API_KEY": "k-env"},
        endpoint=DEFAULT,
        bearer="k-env",
    ),
    "file of comments, profile asked for": Situation(
        "# apikey: k-old\n", **STG, problem="there are none in "
    ),
    "default profile with nothing in so many words": Situation(
        "apikey: ~\nendpoint: null\n", problem="no API key"
    ),
    "file without names": Situation("- apikey\n", problem="holds no names"),
    "only a named profile": Situation(STAGING, problem="no API key"),
    "key in the environment, endpoint in the default profile": Situation(
        PROFILES,
        environ={"API_KEY": "k-env"},
        endpoint="https://api.default.example",
        bearer="k-env",
    ),
    "key in code, endpoint in the default profile": Situation(
        PROFILES,
        code={"api_key": "k-code"},
        endpoint="https://api.default.example",
        bearer="k-code",
    ),
    "endpoint in the environment, key in the default profile": Situation(
        PROFILES,
        environ={"ENDPOINT": "https://h.example"},
        endpoint="https://h.example",
        bearer="k-default",
    ),
    "endpoint with a scheme in the profile": Situation(
        "apikey: k\nendpoint: https://h.example/\n",
        endpoint="https://h.example",
        bearer="k",
        theirs="endpoint: https://https://h.example/",
    ),
    "endpoint on this machine in the profile": Situation(
        "apikey: k\nendpoint: http://127.0.0.1:8080\n",
        endpoint="http://127.0.0.1:8080",
        bearer="k",
        theirs="endpoint: https://http://127.0.0.1:8080",
    ),
    "endpoint that is none in the profile": Situation(
        "apikey: k\nendpoint: a b\n",
        problem="the default profile in ",
        theirs="endpoint: https://a b",
    ),
    "key of digits": Situation("apikey: 4711\n", endpoint=DEFAULT, bearer="4711"),
    "key of digits after a zero": Situation(
        "apikey: 0123\n", endpoint=DEFAULT, bearer="0123", theirs="bearer: 83"
    ),
    "key that is said to be a number": Situation(
        "apikey: !!int 0123\n", endpoint=DEFAULT, bearer="0123", theirs="bearer: 83"
    ),
    "key that is said to be a date": Situation(
        "apikey: !!timestamp k-1\n",
        endpoint=DEFAULT,
        bearer="k-1",
        theirs="error: Attr",
    ),
    "malformed file": Situation(
        "apikey: k-secret\n oops: [\n", problem=" is not YAML at line ", theirs="Error"
    ),
    "malformed file, key in the environment": Situation(
        "apikey: k-secret\n oops: [\n",
        environ={"API_KEY": "k-env"},
        problem=" is not YAML at line ",
        theirs="Error",
    ),
    "malformed file, key and endpoint in the environment": Situation(
        "apikey: k-secret\n oops: [\n",
        environ={"API_KEY": "k-env", "ENDPOINT": "h.example"},
        endpoint="https://h.example",
        bearer="k-env",
        theirs="Error",
    ),
    # Named profiles.
    "named profile in the environment": Situation(PROFILES, **STG, **AT_STAGING),
    "named profile in code": Situation(PROFILES, code={"profile": "stg"}, **AT_STAGING),
    "named profile that shares what another says": Situation(
        "shared: &shared\n  apikey: k-shared\n  endpoint: api.shared.example\n"
        "stg:\n  <<: *shared\n  endpoint: api.stg.example\n",
        **STG,
        endpoint="https://api.stg.example",
        bearer="k-shared",
    ),
    "named profile that shares what several say": Situation(
        "one: &one {apikey: k-one}\ntwo: &two {endpoint: two.example}\n"
        "stg:\n  <<: [*one, *two]\n",
        **STG,
        endpoint="https://two.example",
        bearer="k-one",
    ),
    "named profile that shares what is none": Situation(
        BOTH + "stg:\n  <<: k-shared\n", **STG, problem=" is not YAML at line "
    ),
    "named profile in the environment before that in code": Situation(
        PROFILES + "other:\n  apikey: o\n  endpoint: o.example\n",
        **STG,
        code={"profile": "other"},
        **AT_STAGING,
    ),
    "default by its name before that in code": Situation(
        PROFILES, environ={"PROFILE": "DeFault"}, code={"profile": "stg"}, **AT_DEFAULT
    ),
    "default by its name in code": Situation(
        PROFILES, code={"profile": "default"}, **AT_DEFAULT
    ),
    "blank name in the environment": Situation(
        PROFILES, environ={"PROFILE": " "}, code={"profile": "stg"}, **AT_STAGING
    ),
    "name with blanks around it": Situation(
        PROFILES, environ={"PROFILE": " stg "}, **AT_STAGING
    ),
    "key in the environment, endpoint in the named profile": Situation(
        PROFILES,
        environ={"PROFILE": "stg", "API_KEY": "k-env"},
        endpoint="https://api.stg.example",
        bearer="k-env",
    ),
    "endpoint in the environment, key in the named profile": Situation(
        PROFILES,
        environ={"PROFILE": "stg", "ENDPOINT": "h.example"},
        endpoint="https://h.example",
        bearer="k-stg",
    ),
    "named profile without an endpoint": Situation(
        BOTH + "stg:\n  apikey: k-stg\n", **STG, problem="'stg' in "
    ),
    "named profile without an endpoint, one in the environment": Situation(
        BOTH + "stg:\n  apikey: k-stg\n",
        environ={"PROFILE": "stg", "ENDPOINT": "h.example"},
        endpoint="https://h.example",
        bearer="k-stg",
    ),
    "named profile without a key": Situation(
        BOTH + "stg:\n  endpoint: api.stg.example\n", **STG, problem=" has no apikey"
    ),
    "named profile without a key, one in the environment": Situation(
        BOTH + "stg:\n  endpoint: api.stg.example\n",
        environ={"PROFILE": "stg", "API_KEY": "k-env"},
        endpoint="https://api.stg.example",
        bearer="k-env",
    ),
    "unknown profile": Situation(
        PROFILES,
        environ={"PROFILE": "stagin"},
        problem="there are: default, stg",
    ),
    "unknown profile, key given": Situation(
        PROFILES,
        environ={"PROFILE": "stagin", "API_KEY": "k-env"},
        problem="there are: default, stg",
    ),
    "unknown profile, key and endpoint given": Situation(
        PROFILES,
        environ={"PROFILE": "stagin", "API_KEY": "k-env", "ENDPOINT": "h.example"},
        endpoint="https://h.example",
        bearer="k-env",
    ),
    "unknown profile, no file": Situation(**STG, problem="there are none in "),
    "profile that is no profile": Situation(
        PROFILES, environ={"PROFILE": "endpoint"}, problem="there are: default, stg"
    ),
    "profile without names": Situation(
        BOTH + "stg: k-stg\n", **STG, problem="there are: default"
    ),
    "kind of profile that nobody knows": Situation(
        PROFILES + "  auth_type: magic\n", **STG, **AT_STAGING
    ),
    # Sign-ins by the browser.
    "sign-in": Situation(TEAM, **SSO, tokens={"default": ANNE}, **AT_SSO, **BY_ANNE),
    "sign-in of a session": Situation(
        IN_WORK, **SSO, tokens={"default": BOB, "work": ANNE}, **AT_SSO, **BY_ANNE
    ),
    "sign-in of the default profile": Situation(
        "auth_type: pkce\n",
        tokens={"default": BOB},
        endpoint=DEFAULT,
        bearer=BOB["id_token"],
    ),
    "sign-in beside a key that is left over": Situation(
        TEAM + "  apikey: k-old\n", **SSO, tokens={"default": ANNE}, **AT_SSO, **BY_ANNE
    ),
    "sign-in with an endpoint in the environment": Situation(
        TEAM,
        environ={"PROFILE": "sso", "ENDPOINT": "h.example"},
        tokens={"default": ANNE},
        endpoint="https://h.example",
        **BY_ANNE,
    ),
    "sign-in, but a key in the environment": Situation(
        TEAM,
        environ={"PROFILE": "sso", "API_KEY": "k-env"},
        tokens={"default": ANNE},
        bearer="k-env",
        **AT_SSO,
    ),
    "sign-in, but a key in code": Situation(
        TEAM,
        **SSO,
        code={"api_key": "k-code"},
        tokens={"default": ANNE},
        bearer="k-code",
        **AT_SSO,
    ),
    "sign-in at another provider": Situation(
        TEAM,
        **SSO,
        sessions=SESSIONS,
        tokens={"default": OF_C1},
        bearer=OF_C1["id_token"],
        team="t-1",
        **AT_SSO,
    ),
    "nobody signed in": Situation(
        TEAM, **SSO, problem="nobody is signed in: sign in with `nextmv auth login"
    ),
    "expired without a way to refresh": Situation(
        TEAM,
        **SSO,
        tokens={"default": tokens("eve", life_s=10) | {"refresh_token": ""}},
        problem="the sign-in has expired",
    ),
    "expired, with nobody to ask": Situation(
        TEAM, **SSO, tokens={"default": tokens("eve", life_s=-1)}, problem="refreshing"
    ),
    "token of another sign-in": Situation(
        TEAM, **SSO, tokens={"default": OF_ANOTHER}, problem="of another sign-in"
    ),
    "token of another provider's sign-in": Situation(
        TEAM,
        **SSO,
        sessions=SESSIONS,
        tokens={"default": ANNE},
        problem="of another sign-in",
    ),
    "session outside of its folder": Situation(
        TEAM + "  auth_session: ../..\n", **SSO, problem="must be a plain name"
    ),
    # Certificates of the system.
    "certificates by the environment": Situation(
        PROFILES, environ={"SYSTEM_CERTS": "1"}, **AT_DEFAULT, system_certs=True
    ),
    "certificates by the default profile": Situation(
        "system_certs: true\n" + PROFILES, **AT_DEFAULT, system_certs=True
    ),
    "certificates by the named profile": Situation(
        PROFILES + "  system_certs: true\n", **STG, **AT_STAGING, system_certs=True
    ),
    "certificates by another profile": Situation(
        "system_certs: true\n" + PROFILES, **STG, **AT_STAGING
    ),
    "certificates switched off": Situation(
        "system_certs: false\n" + PROFILES, environ={"SYSTEM_CERTS": "0"}, **AT_DEFAULT
    ),
    "certificates by the profile, all else by the environment": Situation(
        "system_certs: true\n" + PROFILES,
        environ={"API_KEY": "k-env", "ENDPOINT": "h.example"},
        endpoint="https://h.example",
        bearer="k-env",
        system_certs=True,
    ),
}
