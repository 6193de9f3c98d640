"""Downloads Twilio's pages, within limits on time and size."""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request

from limits import time_limit

# As the program's limit "list", so that the program reads every page that is accepted here.
MOST_BYTES = 2 * 1024 * 1024
ATTEMPTS = 3


class Unreadable(Exception):
    """The page could not be downloaded, or the program refused it."""


class SameSiteOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only if it leads to the same scheme, host and port."""

    def redirect_request(self, request, answer, status, reason, headers, url):
        old, new = urllib.parse.urlsplit(request.full_url), urllib.parse.urlsplit(url)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            return None
        return super().redirect_request(request, answer, status, reason, headers, url)


def fetch(url, seconds, pause):
    """Returns the bytes of a page. After a failure, tries again a few times, with a pause between."""
    for attempt in range(ATTEMPTS):
        if attempt > 0:
            time.sleep(pause)
        try:
            return fetch_once(url, seconds)
        except Unreadable as error:
            failure = error
    raise failure


def fetch_once(url, seconds):
    request = urllib.request.Request(url, headers={"User-Agent": "twilio-sip-allow-watch"})
    try:
        with time_limit(seconds), urllib.request.build_opener(SameSiteOnly).open(request) as answer:
            if answer.status != 200:
                raise Unreadable(f"the server answered with HTTP status {answer.status}")
            page = answer.read(MOST_BYTES + 1)
            missing = answer.length
    except urllib.error.HTTPError as error:
        where = " (a redirect to another site)" if 300 <= error.code < 400 else ""
        raise Unreadable(f"the server answered with HTTP status {error.code}{where}") from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreadable(f"the download failed: {error or type(error).__name__}") from error
    if len(page) > MOST_BYTES:
        raise Unreadable(f"the page is larger than {MOST_BYTES} bytes")
    if missing:
        raise Unreadable(f"the download ended {missing} bytes before the end of the page")
    return page
