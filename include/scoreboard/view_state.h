/*
 * What the views keep of the events beside the score, and the pieces that several of them share. Internal to scoreboard/view/.
 */
#ifndef TORIDE_SCOREBOARD_VIEW_STATE_H
#define TORIDE_SCOREBOARD_VIEW_STATE_H

#include "scoreboard/score.h"
#include "scoreboard/view.h"

enum { /* of each list: what is older is left out, the series gets coarser. Views are sent whole, in one message. */
       VIEW_SERIES_MAX = 512,
       VIEW_INBOX_MAX = 200,
       VIEW_TIMELINE_MAX = 300,
       VIEW_CLAIMS_MAX = 50,
       VIEW_REPORTS_MAX = 50,
       VIEW_ALARMS_MAX = 100,
       /* In bytes of JSON: what teams write is long when they mean harm, and a message has an end (IPC_LINE_MAX_BYTES). */
       VIEW_INBOX_BYTES = 512 << 10,
       VIEW_CLAIMS_BYTES = 16 << 10,  /* of one objective */
       VIEW_REPORTS_BYTES = 64 << 10, /* of one team */
       VIEW_TEXT_BYTES = 240,	      /* of each text in what would take more than a quarter of its list's bytes, */
       VIEW_TEXTS_MAX = 8,	      /* and so many texts of a list there */
       VIEW_DETAIL_BYTES = 500,
};

struct view_clock {
	const char *state; /* "ready", "running", "paused", "ended" */
	int64_t ms, wall_ms;
};

struct view_step {	   /* the attack, for the instructor alone */
	const char *state; /* "waiting", "running" or an outcome */
	int64_t at_ms;	   /* begun; -1: not yet */
	char *detail;
	json_t *traces;
};

struct view_staff {  /* how well the simulated staff can work; for the instructor alone */
	int percent; /* the load */
	int64_t done, failed;
	json_t *last; /* the last failure, as the instructor sees it; NULL: none */
};

struct view_host {	 /* as the journal says; for the instructor alone */
	bool *unplugged; /* as the host's nics */
	int resets;	 /* begun and not ended */
	bool stopped;
	json_t *reset; /* what came of the last one; NULL: none since the host was made */
};

struct view_team_state {
	struct view_clock clock;
	int64_t points_milli;
	int64_t last_action_ms; /* -1: none yet */
	json_t *series;		/* [[at_ms, points_milli]…] */
	json_t *inbox;		/* entries as the team sees them */
	json_t *timeline;
	json_t *reports;  /* as the instructor sees them */
	json_t *grades;	  /* duty → percent */
	json_t *hints;	  /* "OBJECTIVE INDEX" → true: taken */
	int64_t *sent_ms; /* of each duty's first report; -1 */
	struct view_step *steps;
	struct view_staff staff;
	struct view_host *hosts; /* as scenario->hosts */
};

struct view_cache { /* the score as JSON, made when somebody looks */
	json_t *score;
};

struct view {
	const struct scenario *scenario;
	char *exercise;
	int teams;
	int64_t seq;
	struct score *score;
	struct view_cache *cache;
	struct view_team_state *states;
	json_t *alarms;
};

/* The team's part of score_to_json(); borrowed, until the next event. */
const json_t *view_scored(const struct view *view, int team);

/* A team's line of the board: team, clock, points, measured, phases, series. New reference. */
json_t *view_team_line(const struct view *view, int team);

/* Copies the named keys (NULL-ended) from one object to another. */
void view_copy(json_t *to, const json_t *from, const char *const *keys);

/* A text of the event's body; "" where there is none. Borrowed. */
const char *view_body_text(const struct event *event, const char *key);
/* The team's time then; 0 where no clock applied. */
int64_t view_at_ms(const struct event *event);

json_t *view_text(const struct text *text);		/* {"ja","en"}, what there is */
json_t *view_markdown(const struct text *text);		/* the same, as HTML from cmark's safe mode */
json_t *view_contact(const struct contact *contact);	/* {"id","name"} */
json_t *view_networks(const struct scenario *scenario); /* [{"name","cidr","zone","kind"}] */

/* Appends (taking over) and drops the oldest above the limit. */
void view_append(json_t *list, json_t *entry, size_t max);
/* The last entries, at most `max` and so many bytes of JSON; in one that is very long, long texts are cut. New reference. */
json_t *view_last(const json_t *list, size_t max, size_t bytes);
/* A text cut to at most so many bytes, "…" where something is gone; caller frees. */
char *view_cut(const char *text, size_t bytes);

/* A line for a team's timeline, or NULL for what a team does not see (timeline.c). New reference. */
json_t *view_timeline_entry(const struct view *view, const struct event *event);

/* ---- hosts.c: what has become of a team's hosts ---- */
struct view_host *view_hosts_create(const struct scenario *scenario);
void view_hosts_destroy(const struct scenario *scenario, struct view_host *hosts);
void view_hosts_apply(const struct scenario *scenario, struct view_host *hosts, const struct event *event);
/* [{"name","state","unplugged":[network],"reset"}]; new reference. */
json_t *view_hosts_json(const struct scenario *scenario, const struct view_host *hosts);

#endif
