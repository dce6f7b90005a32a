"""The sanitising server's own part: takes active content out of files on their way in.

kinds    what a file is, by its first bytes and by its name
files    clean(name, data): the table of kinds, and what is done with each
office   rtf  table  pdf  markup  archive    one family of formats each
xmlpart  fields     XML parts of documents, and what is active in their text
names    a name that is taken gets a number
virus    clamscan, with signatures of our own
record   the log, and the quarantine of originals
mail     a mail's way through (Postfix's content filter)
folders  files that cross into and out of closed networks; sweep  what nobody has announced; shares  the servers there

What is not known does not pass: it is replaced by a notice, and the original is kept.
"""
