# irssi as a driver: the line protocol of driver.mjs, commands on descriptor 3,
# events on descriptor 4. irssi itself runs on a terminal that nobody reads.
use strict;
use warnings;
use Irssi;
use JSON::PP;

our $VERSION = '1';
our %IRSSI = (name => 'driver', description => 'drives irssi from a test', license => 'MIT');

open(my $commands, '<&=', 3) or die "cannot open commands: $!";
open(my $events, '>&=', 4) or die "cannot open events: $!";
$commands->blocking(0);
$events->autoflush(1);

my $json = JSON::PP->new->canonical; # irssi and the test both speak in bytes of UTF-8
my $connections = 0;
my $rest = '';

sub emit { print $events $json->encode({@_}), "\n" }

sub bare { my ($room) = @_; $room =~ s/^#//; return $room }

sub server { return (Irssi::servers())[0] }

my %do = (
	connect => sub {
		my ($c) = @_;
		Irssi::command("connect -notls $c->{host} $c->{port} oauth:anything $c->{user}");
	},
	join => sub { server()->command("join #$_[0]{room}") },
	part => sub { server()->command("part #$_[0]{room}") },
	say  => sub { server()->command("msg #$_[0]{room} $_[0]{text}") },
	ping => sub { server()->send_raw('PING :uproar') },
	quit => sub { Irssi::command('quit') },
);

sub read_commands {
	my $n = sysread($commands, $rest, 65536, length $rest);
	return unless defined $n;
	return Irssi::command('quit') if $n == 0;
	while ($rest =~ s/^([^\n]*)\n//) {
		my $c = $json->decode($1);
		utf8::downgrade($_) for values %$c; # irssi reads the bytes behind a string
		eval { $do{$c->{do}}->($c); 1 } or emit(event => 'error', text => "$@");
	}
}

Irssi::input_add(fileno($commands), Irssi::INPUT_READ(), \&read_commands, '');
Irssi::signal_add('event 376', sub { emit(event => $connections++ ? 'reconnected' : 'connected') });
Irssi::signal_add('event reconnect', sub { emit(event => 'asked') });
Irssi::signal_add('message join', sub {
	my ($server, $room, $nick) = @_;
	emit(event => 'joined', room => bare($room)) if $nick eq $server->{nick};
});
Irssi::signal_add('message part', sub {
	my ($server, $room, $nick) = @_;
	emit(event => 'parted', room => bare($room)) if $nick eq $server->{nick};
});
Irssi::signal_add('message public', sub {
	my ($server, $text, $nick, $address, $room) = @_;
	emit(event => 'heard', room => bare($room), user => $nick, text => $text);
});
Irssi::signal_add('message irc notice', sub {
	my ($server, $text) = @_;
	emit(event => 'notice', id => '', text => $text);
});
Irssi::signal_add('event pong', sub { emit(event => 'pong') });
