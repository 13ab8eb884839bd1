"""The messages that identity sends. Each carries a token that counts once, in a link and for the command line."""

from server.identity.ports import Mail


class Mails:
    """Writes messages.

    Args:
        dashboard_url: The address of the dashboard, without a slash at its end.
    """

    def __init__(self, dashboard_url: str) -> None:
        self._dashboard_url = dashboard_url

    def verification(self, recipient: str, token: str) -> Mail:
        """Asks a user to show that the address is theirs."""
        return Mail(
            recipient,
            "Verify your e-mail address",
            f"Somebody, hopefully you, has an account at Leadline with this address. To show that it is yours, open\n\n"
            f"{self._link('verify-email', token)}\n\n"
            "within 24 hours. If it was not you, do nothing.\n",
        )

    def reset(self, recipient: str, organization: str, token: str) -> Mail:
        """Lets a user set the password anew."""
        return Mail(
            recipient,
            "Set a new password",
            f"Somebody, hopefully you, has forgotten the password of your account in {organization}. To set a new\n"
            f"one, open\n\n{self._link('reset-password', token)}\n\n"
            "within 30 minutes. If it was not you, do nothing: your password stays as it is.\n",
        )

    def invitation(self, recipient: str, organization: str, token: str) -> Mail:
        """Asks a person to join."""
        return Mail(
            recipient,
            f"Join {organization} at Leadline",
            f"You are invited to join {organization} at Leadline. To accept, open\n\n"
            f"{self._link('accept-invitation', token)}\n\nwithin 7 days.\n",
        )

    def password_changed(self, recipient: str) -> Mail:
        """Tells a user that the password was changed."""
        return Mail(
            recipient,
            "Your password was changed",
            "The password of your account at Leadline was changed, and its other sessions have ended. If it was not\n"
            "you, set a new password at once.\n",
        )

    def _link(self, page: str, token: str) -> str:
        # Behind a number sign: browsers send that part to nobody.
        return f"{self._dashboard_url}/{page}#token={token}"
