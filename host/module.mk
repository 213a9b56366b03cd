# What of host/ others link: all but main. The fuzz target of its parsers and its benchmarks need it.
$(B)/libhost.a: $(filter-out %/host/main.o,$(call obj,$(call src,host)))
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/fuzz/http: $(B)/tests/fuzz/fuzz_http.o $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/standalone.o) $(B)/libhost.a $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)

$(B)/bench/http_out: $(B)/tests/bench/bench_http_out.o $(B)/libhost.a $(ALL_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(LIBS_ONLY)
