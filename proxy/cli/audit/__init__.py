"""`sidegate audit`: the audit trail read, checked and given away, from files and a public key alone.

- `files`: which files are meant, and whose signatures count
- `verify`: whether records are those that were written
- `show`: records for people; `export`: for others; `follow`: as they are written
- `receipt`: what became of one hold; `evidence`: which records bear on what auditors ask
"""
