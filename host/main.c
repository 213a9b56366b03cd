/* rouse: finds the subcommand and runs it. */
#include "host/main.h"

int main(int argc, char **argv)
{
	return rouse_main(argc, argv);
}
