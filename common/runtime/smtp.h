/* smtp.h - hand messages to a mail server (libcurl), one connection kept and used again. */
#pragma once

#include "error.h"

#include <stddef.h>

enum {
    SMTP_ADDRESS_SIZE_MAX = 254,
    SMTP_MESSAGE_SIZE_MAX = 128 * 1024,
    SMTP_TEXT_SIZE = 200,
};

typedef struct Smtp Smtp;

typedef enum SmtpAnswer {
    SMTP_UNANSWERED = 0, /* nothing is known about this message */
    SMTP_ACCEPTED,       /* 2xx after the final dot: the server took charge of the message */
    SMTP_TEMPORARY,      /* 4xx for this message or recipient, or any refusal of the sender (MAIL):
                            try this one again later */
    SMTP_PERMANENT,      /* 5xx for this message or recipient: never try again */
} SmtpAnswer;

typedef struct SmtpReply {
    SmtpAnswer answer;
    bool about_sender;         /* 5xx to MAIL: our address or a policy, the operator's to mend */
    int code;                  /* last SMTP code, 0 if none */
    char text[SMTP_TEXT_SIZE]; /* what the server said or why, printable ASCII */
} SmtpReply;

typedef struct SmtpSettings {
    const char *url;     /* smtp://host:port, smtps://…; user:password@ allowed */
    bool starttls;       /* require STARTTLS, and verify; without it smtp:// sends in clear */
    const char *ca_file; /* PEM, whose certificates alone are trusted; "": the system's */
    int timeout_ms;      /* whole hand-over of one message; connect gets at most half */
} SmtpSettings;

/*
 * smtp_open - prepare; connects at the first message.
 *
 * Errors:  FATAL  a bad URL, no such CA file, or a password that would leave this machine in clear.
 *                 No text holds any part of the URL.
 */
MUST_CHECK bool smtp_open(const SmtpSettings *settings, Smtp **ret_smtp, Error *reterr);
void smtp_release(Smtp **smtp);

/*
 * smtp_send - hand over one message.
 *
 * In:      from           our own address, bare; a bad one is FATAL: no message is to blame.
 *          to             bare address; anything but printable ASCII with one part before and
 *                         one after its last @, with spaces, angle brackets or over
 *                         SMTP_ADDRESS_SIZE_MAX is answered SMTP_PERMANENT without being sent.
 *          message        complete RFC 5322 text with CRLF line ends, message_size bytes. A lone
 *                         CR or LF, a NUL, or over SMTP_MESSAGE_SIZE_MAX: SMTP_PERMANENT as well
 *                         (a lone LF before a dot could end the message and begin a forged one).
 * Out:     ret_reply      what the server decided about this message.
 * Errors:  RETRY  the server could not be reached, timed out, closed, refused the session
 *                 (greeting, EHLO, 421 at any time): nothing is known to be wrong with this
 *                 message. After a time-out behind the final dot the server may have it all the
 *                 same: to send it again is to risk a second copy.
 *          FATAL  authentication refused for good or required but not set, TLS not offered or
 *                 its verification failed.
 * Cost:    the connection is kept after an accepted message; libcurl closes it after a refusal.
 *          RETRY while this message was on its way: ret_reply says SMTP_TEMPORARY all the same, so
 *          that the caller can put this one off; it might block all others.
 */
MUST_CHECK bool smtp_send(Smtp *smtp, const char *from, const char *to, const char *message,
                          size_t message_size, SmtpReply *ret_reply, Error *reterr);
