# The schema is part of the program: store/migrate.c takes it in with .incbin, so there is nothing
# to generate; only the dependency must be said.
$(B)/store/migrate.o: store/schema.sql

# The crash tests run the store on the simulator's disk.
$(B)/unit/store: $(B)/tests/sim/vfs.o
