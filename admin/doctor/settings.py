"""Do the settings fit together? Accounts, password files and addresses that cairn.toml names are there and agree."""

from collections.abc import Iterator

from admin.doctor.findings import Finding, fault, ok, warning
from admin.installation import Installation
from admin.system import PROGRAM_ROLES
from broker.accounts.keeper import SOCKET_NAME
from broker.config import Connection

SUBJECT = "settings"


def check_settings(installation: Installation) -> Iterator[Finding]:
    """Check that what `cairn init` writes is complete, also after people changed it."""
    findings = [*_projects(installation), *_accounts(installation), *_connections(installation)]
    if findings:
        yield from findings
    else:
        served = ", ".join(installation.projects)
        yield ok(SUBJECT, f"{installation.system.settings_file} is complete: {served}")


def _projects(installation: Installation) -> Iterator[Finding]:
    served, shown = set(installation.projects), set(installation.viewer.projects)
    if not served:
        yield fault(SUBJECT, "no project is set up", "run `cairn init PROJECT`")
    if shown and served != shown:
        different = ", ".join(sorted(served ^ shown))
        yield warning(
            SUBJECT,
            f"reconstructor and page do not have the same projects: {different}",
            "run `cairn init PROJECT` for the one that is missing",
        )


def _accounts(installation: Installation) -> Iterator[Finding]:
    users = {str(each.name): each for each in installation.system.book.users()}
    for name, role in PROGRAM_ROLES.items():
        user = users.get(name)
        missing = set(installation.projects) - set(user.projects if user else ())
        if user is None or user.role is not role:
            yield fault(
                SUBJECT, f"there is no account {name} with the role {role}", "run `cairn init PROJECT`, which makes it"
            )
        elif missing:
            yield fault(
                SUBJECT,
                f"the account {name} does not belong to {', '.join(sorted(missing))}",
                "run `cairn init PROJECT` for it",
            )
        if not installation.system.password_file(name).exists():
            yield fault(
                SUBJECT,
                f"{installation.system.password_file(name)} is missing",
                "run `cairn init PROJECT`, which gives a new password",
            )


def _connections(installation: Installation) -> Iterator[Finding]:
    broker = installation.broker
    connections: dict[str, Connection] = {
        "reconstructor": installation.reconstructor.broker,
        "viewer": installation.viewer.broker,
    }
    for table, connection in connections.items():
        if connection.port not in {broker.port, broker.tls_port}:
            yield warning(
                SUBJECT,
                f"{table}.broker.port is {connection.port}, but the broker listens on {broker.port}",
                f"write port = {broker.port} there, unless another broker is meant",
            )
        if connection.root != broker.root:
            yield fault(
                SUBJECT,
                f"{table}.broker.root is {connection.root!r}, the broker's is {broker.root!r}",
                "write the same root in both",
            )
    socket = broker.data_dir / SOCKET_NAME
    if installation.viewer.keeper_socket != socket:
        yield warning(
            SUBJECT,
            "the page cannot redeem invitations",
            f'write keeper_socket = "{socket}" below [viewer]',
        )
    exports = installation.system.exports.resolve()
    if (
        installation.viewer.export_dir is None
        or installation.viewer.export_dir != installation.reconstructor.export_dir
    ):
        yield warning(
            SUBJECT,
            "nobody can export from the page: reconstructor and page have no common folder for it",
            f'write export_dir = "{exports}" below [reconstructor] and below [viewer]',
        )
