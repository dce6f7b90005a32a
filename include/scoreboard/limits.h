/* Every limit of the scoreboard process on what others control. Who logs in how often is limited by the orchestrator. */
#ifndef TORIDE_SCOREBOARD_LIMITS_H
#define TORIDE_SCOREBOARD_LIMITS_H

enum board_limit {
	BOARD_THREADS = 2,
	BOARD_CONNECTIONS_MAX = 2048,
	BOARD_CONNECTIONS_PER_ADDRESS_MAX = 512, /* a class behind one translated address still fits */
	BOARD_DESCRIPTORS_MAX = BOARD_CONNECTIONS_MAX + 64,
	BOARD_CONNECTION_MEMORY_BYTES = 32 << 10, /* request line, headers and write buffer of one connection */
	BOARD_IDLE_S = 30,			  /* a connection on which nothing moves */

	BOARD_BODY_MAX_BYTES = 64 << 10,
	BOARD_ACCOUNT_MAX_BYTES = 64,
	BOARD_PASSWORD_MAX_BYTES = 1024,
	BOARD_COMMAND_MAX_BYTES = 32,

	BOARD_WAITING_MAX = 256, /* requests that wait for the orchestrator */
	BOARD_LOGINS_MAX = 16,	 /* of these, log-ins: each costs the orchestrator an Argon2id */
	BOARD_WAIT_MS = 10000,

	BOARD_SESSIONS_MAX = 1024, /* remembered; the least recently used is forgotten and asked for again */
	BOARD_STREAMS_MAX = 1024,  /* half of all connections, so that the rest is always served */
	BOARD_STREAM_HEARTBEAT_MS = 15000,
	BOARD_STREAM_STALL_MS = 20000, /* one buffer that the client does not take for so long */

	BOARD_EXERCISES_MAX = 32,
	BOARD_TEAMS_MAX = 99,
	BOARD_NAME_MAX_BYTES = 63, /* an exercise's name */
};

#endif
