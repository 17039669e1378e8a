"""What kept a program from starting, in words: which file, why, and what to do about it."""


def in_words(error: BaseException) -> str:
    """One line; the system's own errors name the file and leave the cure to us."""
    if not (isinstance(error, OSError) and error.strerror and error.filename):
        return str(error)
    cure = "run this as the sidecar's user" if isinstance(error, PermissionError) else "correct it"
    return f"`{error.filename}` cannot be used ({error.strerror}): {cure}, or give another path"
