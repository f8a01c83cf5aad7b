"""Other people's programs judge what certkit makes."""
