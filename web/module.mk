# The assets are part of the object that serves them (.incbin): a changed asset makes it anew.
$(B)/web/asset.o: $(wildcard web/assets/*)
