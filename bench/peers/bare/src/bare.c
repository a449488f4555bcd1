/* bare: the least that a fan-out server can do.
 *
 * One thread, one epoll. Members connect to one port, publishers to another.
 * Every line that a publisher sends goes to every member with one send(2) each;
 * with --window-ms N, the lines of N milliseconds share one send per member.
 * With --frame, each line becomes one unmasked WebSocket text frame, so that the
 * members receive the bytes that a WebSocket chat server would send them.
 *
 * What a member's socket does not take is kept for it, at most TAIL_MAX bytes;
 * beyond that, whole batches are dropped and counted.
 *
 * stdout: "ready members=HOST:PORT publishers=HOST:PORT", and on SIGTERM
 * "done lines=N sends=N dropped=N".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FD_MAX 65536
#define EVENTS_MAX 1024
#define LINE_MAX_BYTES 8192
#define BATCH_MAX (1 << 20)
#define TAIL_MAX (8 << 20)
#define PUBLISHER_RCVBUF (64 << 10)

enum kind { NONE, MEMBER_LISTENER, PUBLISHER_LISTENER, MEMBER, PUBLISHER };

struct conn {
    enum kind kind;
    int place;              /* MEMBER: index in members[] */
    char *buf;              /* MEMBER: unsent tail. PUBLISHER: unfinished line */
    size_t len, cap;
};

static struct conn conns[FD_MAX];   /* by fd */
static int members[FD_MAX], member_count;
static int epfd, frame, window_ms;
static char batch[BATCH_MAX];
static size_t batch_len;
static int64_t batch_due_ms;
static uint64_t lines, sends, dropped;
static volatile sig_atomic_t stopping;

static void on_term(int sig) { (void)sig; stopping = 1; }

static void die(const char *what) { perror(what); exit(1); }

static int64_t now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void watch(int op, int fd, uint32_t events) {
    struct epoll_event ev = {.events = events, .data.fd = fd};
    if (epoll_ctl(epfd, op, fd, &ev) < 0 && op != EPOLL_CTL_DEL) die("epoll_ctl");
}

static int listen_on_loopback(enum kind kind, int *port) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    if (fd < 0) die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0) die("bind");
    if (listen(fd, 4096) < 0) die("listen");
    if (getsockname(fd, (struct sockaddr *)&a, &len) < 0) die("getsockname");
    *port = ntohs(a.sin_port);
    conns[fd].kind = kind;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    return fd;
}

static void drop_conn(int fd) {
    struct conn *c = &conns[fd];
    if (c->kind == MEMBER) {
        int last = members[--member_count];
        members[c->place] = last;
        conns[last].place = c->place;
    }
    free(c->buf);
    memset(c, 0, sizeof *c);
    close(fd);
}

static void keep(struct conn *c, const char *data, size_t len) {
    if (c->len + len > c->cap) {
        c->cap = (c->len + len) * 2;
        c->buf = realloc(c->buf, c->cap);
        if (!c->buf) die("realloc");
    }
    memcpy(c->buf + c->len, data, len);
    c->len += len;
}

/* Returns 0 when the member is gone. */
static int send_member(int fd, const char *data, size_t len) {
    struct conn *c = &conns[fd];
    ssize_t n;
    if (c->len > 0) {
        if (c->len + len > TAIL_MAX) dropped++;
        else keep(c, data, len);
        return 1;
    }
    n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    sends++;
    if (n == (ssize_t)len) return 1;
    if (n < 0 && errno != EAGAIN && errno != EINTR) { drop_conn(fd); return 0; }
    if (n < 0) n = 0;
    keep(c, data + n, len - n);
    watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
    return 1;
}

static void send_tail(int fd) {
    struct conn *c = &conns[fd];
    ssize_t n = send(fd, c->buf, c->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) { drop_conn(fd); return; }
    if (n < 0) return;
    c->len -= n;
    if (c->len > 0) { memmove(c->buf, c->buf + n, c->len); return; }
    free(c->buf);
    c->buf = NULL;
    c->cap = 0;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void flush(void) {
    if (batch_len == 0) return;
    for (int i = 0; i < member_count;)
        if (send_member(members[i], batch, batch_len)) i++;
    batch_len = 0;
}

static size_t put_frame(char *dst, const char *line, size_t len) {
    size_t h = 0;
    if (frame) {
        dst[h++] = (char)0x81;      /* FIN, text */
        if (len < 126) {
            dst[h++] = (char)len;
        } else {
            dst[h++] = 126;
            dst[h++] = (char)(len >> 8);
            dst[h++] = (char)len;
        }
    }
    memcpy(dst + h, line, len);
    return h + len;
}

static void publish(const char *line, size_t len) {
    lines++;
    if (batch_len + len + 4 > BATCH_MAX) flush();
    if (batch_len == 0) batch_due_ms = now_ms() + window_ms;
    batch_len += put_frame(batch + batch_len, line, len);
    if (window_ms == 0) flush();
}

static void read_publisher(int fd) {
    struct conn *c = &conns[fd];
    char in[16384];
    ssize_t n = recv(fd, in, sizeof in, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) { drop_conn(fd); return; }
    keep(c, in, n);
    size_t from = 0;
    char *end;
    while ((end = memchr(c->buf + from, '\n', c->len - from))) {
        size_t to = end + 1 - c->buf;
        if (to - from <= LINE_MAX_BYTES) publish(c->buf + from, to - from);
        from = to;
    }
    c->len -= from;
    memmove(c->buf, c->buf + from, c->len);
    if (c->len > LINE_MAX_BYTES) drop_conn(fd);
}

static void read_member(int fd) {
    char in[4096];
    ssize_t n = recv(fd, in, sizeof in, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) drop_conn(fd);
}

static void accept_all(int listener) {
    enum kind kind = conns[listener].kind == MEMBER_LISTENER ? MEMBER : PUBLISHER;
    static const char hello[] = ":bare 366 member #bench :End of /NAMES list\r\n";
    int fd, one = 1, rcvbuf = PUBLISHER_RCVBUF;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= FD_MAX) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        conns[fd].kind = kind;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
        if (kind == PUBLISHER) {
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
            continue;
        }
        conns[fd].place = member_count;
        members[member_count++] = fd;
        char out[sizeof hello + 4];
        send_member(fd, out, put_frame(out, hello, sizeof hello - 1));
    }
}

static void serve(struct epoll_event *ev) {
    int fd = ev->data.fd;
    switch (conns[fd].kind) {
    case MEMBER_LISTENER:
    case PUBLISHER_LISTENER: accept_all(fd); break;
    case PUBLISHER: read_publisher(fd); break;
    case MEMBER:
        if (ev->events & EPOLLOUT) send_tail(fd);
        if (conns[fd].kind == MEMBER && ev->events & ~(uint32_t)EPOLLOUT) read_member(fd);
        break;
    case NONE: break;       /* closed earlier in this batch of events */
    }
}

int main(int argc, char **argv) {
    static struct epoll_event events[EVENTS_MAX];
    struct sigaction sa = {.sa_handler = on_term};
    int member_port, publisher_port;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--frame")) frame = 1;
        else if (!strcmp(argv[i], "--window-ms") && i + 1 < argc) window_ms = atoi(argv[++i]);
        else { fprintf(stderr, "usage: bare [--frame] [--window-ms N]\n"); return 2; }
    }
    sigaction(SIGTERM, &sa, NULL);
    if ((epfd = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
    listen_on_loopback(MEMBER_LISTENER, &member_port);
    listen_on_loopback(PUBLISHER_LISTENER, &publisher_port);
    printf("ready members=127.0.0.1:%d publishers=127.0.0.1:%d\n", member_port, publisher_port);
    fflush(stdout);
    while (!stopping) {
        int wait = -1;
        if (batch_len > 0) {
            int64_t left = batch_due_ms - now_ms();
            wait = left > 0 ? (int)left : 0;
        }
        int n = epoll_wait(epfd, events, EVENTS_MAX, wait);
        if (n < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < n && !stopping; i++) serve(&events[i]);
        if (batch_len > 0 && now_ms() >= batch_due_ms) flush();
    }
    printf("done lines=%llu sends=%llu dropped=%llu\n", (unsigned long long)lines,
           (unsigned long long)sends, (unsigned long long)dropped);
    return 0;
}
