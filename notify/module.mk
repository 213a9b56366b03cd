# The templates are part of the object that knows them (.incbin): a changed file makes it anew.
$(B)/notify/defaults.o: $(wildcard notify/templates/*)
