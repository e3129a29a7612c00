# Texte der Seite, die schürft.

## Die Seite

headline = Nützliche Arbeit, geschürft in diesem Tab
lead =
    Adit leiht die freie Zeit Ihres Geräts an echte Aufträge, etwa Matrixprodukte und Inferenz. Jedes Ergebnis wird
    geprüft, und was stimmt, wird bezahlt.
lead-consent = Nichts läuft, bevor Sie auf Start drücken.
footer = Freie Software. Ihr Schlüssel bleibt in diesem Browser; Ergebnisse gehen an { $host } und nirgendwohin sonst.
to-dashboard = Übersicht für Betreiber
history = Ihr Verlauf und Ihr Verdienst nach Tagen
rate-chart = Geprüfte Operationen je Sekunde
rate-chart-description = Diagramm der geprüften Leistung. Die Zahl darüber sagt dasselbe.
document-idle = Adit
document-mining = { $rate }/s – Adit
document-paused = pausiert – Adit

## Was der Schürfer tut

state-obstacle = Hier kann diese Seite nicht schürfen
obstacle-insecure =
    Diese Seite kam über eine ungeschützte Verbindung ({ $here }), und solchen Seiten geben Browser weder Schlüssel noch
    Grafikkarten. Öffnen Sie sie über https oder auf dem Rechner des Koordinators selbst als { $local }. Von einem anderen
    Rechner aus hilft ein SSH-Tunnel zu diesem Port.
obstacle-simd =
    Dieser Browser hat kein WebAssembly-SIMD. Chrome 91, Firefox 89, Safari 16.4 und alles Neuere haben es.
state-ready = Bereit
state-stopped = Gestoppt
state-starting = Startet
state-preparing = Bereitet sich vor
state-preparing-detail = Die Bahnen laden ihre Rechenkerne und messen sie. Das dauert einen Moment, einmal.
state-asking = Fragt nach Arbeit
state-asking-detail = Der Koordinator wird um ein Stück eines Auftrags gebeten.
state-mining = Schürft
state-mining-detail =
    { $units ->
        [one] Eine Einheit in Arbeit, { $work } Operationen
       *[other] { $units } Einheiten in Arbeit, { $work } Operationen
    }
state-fetching-detail = Lädt { $bytes } an Eingaben
state-finishing = Beendet, was in Arbeit ist
state-finishing-detail = Nichts Neues beginnt. Es stoppt von selbst, sobald das letzte Ergebnis abgegeben ist.
state-paused = Pausiert: { $reasons }
state-limited = Wartet, bis es an der Reihe ist
state-no-work = Wartet auf Arbeit
state-no-work-detail = Der Koordinator hat gerade keinen Auftrag für dieses Gerät. Es wird nichts gerechnet.
state-away = Der Koordinator antwortet nicht
state-stopping = Stoppt
state-elsewhere = Pausiert: ein anderer Tab schürft schon
state-elsewhere-detail =
    Hier geht es weiter, wenn jener Tab stoppt oder geschlossen wird. Ein Tab lastet Ihr Gerät aus; ein zweiter würde es
    nur bremsen.
state-strange = Der Koordinator hat einen anderen Schlüssel als bisher
state-strange-detail =
    Hat der Betreiber ihn neu eingerichtet, ist das in Ordnung. Wenn nicht, gibt sich vielleicht jemand für ihn aus.
state-failed = Das Schürfen ist zu Ende
# Ein Satz, den es nur auf Englisch gibt.
foreign = { $text }
paused-detail = Weiter geht es, wenn { $ends }.
paused-detail-settings = Weiter geht es, wenn { $ends }. Unten in den Einstellungen lässt sich das ändern.
lanes-gpu-alone = Die Grafikkarte allein
lanes-cpu =
    { $lanes ->
        [one] Eine Prozessorbahn
       *[other] { $lanes } Prozessorbahnen
    }
lanes-and-gpu =
    { $lanes ->
        [one] Eine Prozessorbahn und die Grafikkarte, falls sie schneller ist
       *[other] { $lanes } Prozessorbahnen und die Grafikkarte, falls sie schneller ist
    }

## Jeder Grund zu pausieren und was ihn beendet: Satzteile

pause-person = Sie wollten es so
pause-battery = dieses Gerät läuft mit Akku
pause-hidden = dieser Tab ist verdeckt
pause-pressure = dieses Gerät hat anderes zu tun
pause-hours = es liegt außerhalb der gewählten Stunden
pause-in-use = jemand benutzt dieses Gerät
pause-metered = diese Verbindung wird nach Volumen bezahlt
pause-data = die Daten für heute sind verbraucht
pause-memory = der gewählte Speicher ist ausgeschöpft
pause-heat = dieses Gerät ist heiß
end-at = es { $time } ist
end-person = Sie auf „Weiter“ drücken
end-battery = es am Netz hängt
end-hidden = Sie diesen Tab ansehen
end-pressure = es sich beruhigt hat, was mindestens zehn Sekunden dauert
end-hours = Ihre Stunden beginnen
end-in-use = es niemand mehr benutzt
end-metered = es eine andere Verbindung gibt
end-data = der nächste Tag beginnt
end-memory = wieder Speicher frei ist
end-heat = es abgekühlt ist

## Was als Nächstes kommt; danach läuft eine Uhr

next-ask = Nächste Frage
next-try = Nächster Versuch
next-resume = Weiter geht es

## Was läuft, und für wen

work = Was läuft
work-unnamed = Auftrag { $job }: { $kind }
work-part = { $name } – Teil { $part } von { $parts }
work-parts = { $name } – { $count } von { $parts } Teilen
work-for = { $kind }, für { $requester }
work-kind = { $kind }
work-unknown = Mehr sagt der Auftraggeber nicht dazu.
work-open = offen für alle
work-yours = Ihr Teil
work-all = Der ganze Auftrag
kind-matmul = Matrixprodukt
kind-matmul-f32 = Matrixprodukt mit Gleitkommazahlen
kind-inference = Inferenz eines neuronalen Netzes
kind-gradient = Lernschritt eines neuronalen Netzes
kind-hash = Prüfung gespeicherter Daten
kind-hash-away = Prüfung von Daten anderswo
kind-store = Gehaltene und bewiesene Replikate
kind-fraud = Betrugserkennung
kind-protection = Schutz des Netzes
kind-training = Training eines Modells
kind-other = { $kind }

## Was man drücken kann

control = Schürfen
start = Start
stop = Stopp
pause = Pause
resume = Weiter
finish = Diese Einheit beenden
try-now = Jetzt versuchen
take-over = Stattdessen hier schürfen
give-up = Nicht warten
trust = Dem neuen Schlüssel trauen und starten
pause-for = Wie lange pausieren?
pause-quarter = 15 Minuten
pause-hour = 1 Stunde
pause-tomorrow = Bis morgen
metered-question =
    Diese Verbindung wird nach Volumen bezahlt oder soll Daten sparen. Ein Auftrag kann einige Dutzend Megabyte brauchen.
    Trotzdem starten?
metered-yes = Trotzdem starten
metered-no = Jetzt nicht
countdown = { $what } in { $time }
countdown-now = { $what } …
countdown-soon = { $what } in wenigen Sekunden
power = Wie viel
power-quiet = Leise
power-balanced = Ausgewogen
power-full = Voll
power-quiet-note =
    { $lanes ->
        [one] Einer von { $cores } Kernen, die halbe Zeit.
       *[other] { $lanes } von { $cores } Kernen, die halbe Zeit.
    } Bleibt kühl; Sie merken kaum etwas.
power-balanced-note =
    { $lanes ->
        [one] Einer von { $cores } Kernen
       *[other] { $lanes } von { $cores } Kernen
    } und die Grafikkarte, falls sie schneller ist. Das Gerät wird warm.
power-full-note =
    Alle { $cores } Kerne und die Grafikkarte, falls sie schneller ist. Es wird heiß und laut, und andere Programme
    werden langsamer.
power-own-note =
    Ihre eigenen Werte: { $lanes } von { $cores } Kernen, { $duty } der Zeit, { $gpu ->
        [yes] mit Grafikkarte.
       *[no] ohne Grafikkarte.
    }
power-next-start = Kerne ändern sich beim nächsten Start.

## Was es kostet

cost = Was es kostet
cost-memory = Bis zu etwa { $bytes } Speicher
cost-no-data = Noch keine Daten übertragen
cost-data = Daten bisher: { $received } empfangen, { $sent } gesendet
cost-plugged = Am Netz
cost-battery = Mit Akku, { $level }
cost-metered = Diese Verbindung wird nach Volumen bezahlt

## Was es einbringt

visit = Dieser Besuch
earned = In diesem Besuch verdient
per-hour = erwartet; { $amount } in der Stunde bei diesem Tempo
units-verified = Geprüft
units-refused = Abgelehnt
rate = Operationen, letzte zehn Sekunden
time-mined = Zeit
account = Ihr Konto
next-payment = Nächste Zahlung
next-payment-in = Nächste Zahlung, in
paid = Bisher bezahlt
confidence = Vertrauen
confidence-note = Der Teil der Grundvergütung, der bezahlt wird. Er wächst mit geprüfter Arbeit von der Hälfte bis zum Ganzen.
exactly = genau { $amount } NNET

## Jetzt

live = Das Netz in diesem Moment
live-jobs = Aufträge
live-jobs-note = warten gerade auf Rechner
live-miners = Schürfer
live-miners-note = gerade bei der Arbeit
live-verified = Geprüft
live-verified-note = Ergebnisse in der letzten Stunde
live-last = Die letzte Quittung: { $time }, { $kind }, { $amount } NNET

## Quittungen

receipts = Quittungen
receipts-intro =
    Der Koordinator signiert zu jedem Ergebnis eine Quittung. Sie müssen ihr nicht glauben: Prüfen Sie eine hier, auf
    Ihrem eigenen Gerät.
receipts-none = Die erste kommt mit dem ersten geprüften Ergebnis.
all-receipts = Alle { $n } zeigen
fewer = Weniger zeigen
newer = { $n } neuere
operations = { $n } Operationen
verdict-valid = gültig
verdict-invalid = ungültig
verdict-inconclusive = unentschieden
verdict-too-late = zu spät
verify = Prüfen
verifying = Wird geprüft …
details = Einzelheiten
verify-failed = Die Prüfung war nicht möglich: { $why }
moment = Was getan wurde
moment-dice = Dieser Browser hat selbst gewürfelt
moment-equal = Beide Seiten sind gleich
moment-unequal = Die beiden Seiten sind verschieden
moment-sure = Ein falsches Ergebnis kommt einmal in 2^{ $bits } Versuchen durch
moment-wrong = Das Ergebnis ist falsch
finding-proof = Signaturen, Log und Betrag
finding-mathematics = Die Mathematik
found-holds = in Ordnung
found-fails = nicht in Ordnung
found-unknown = nicht geprüft
not-proved =
    Was das nicht beweist: dass der Koordinator jede Quittung veröffentlicht hat, und dass er allen dasselbe Log zeigt.
    Vergleichen Sie dazu die Köpfe des Logs mit anderen.
fact-kind = Art
fact-lease = Zuteilung
fact-unit = Einheit
fact-output = Ergebnis
fact-checked = Geprüft
fact-epoch = Epoche
fact-log = Log
fact-log-entry =
    Eintrag { $index } von { $size }, Pfad aus { $path ->
        [one] einem Hash
       *[other] { $path } Hashes
    }
fact-coordinator = Koordinator
method-freivalds = Freivalds, { $bits } Bit
method-recomputed = nachgerechnet
method-sampled = { $sampled } von { $of } Blättern noch einmal gehasht
method-statistical =
    { $rounds ->
        [one] eine Runde
       *[other] { $rounds } Runden
    }, innerhalb des { $tolerance }-Fachen der üblichen Rundung

## Verlauf und Diagramme

duty-chart = Anteil der Zeit bei der Arbeit
duty-chart-description = Diagramm des Anteils der Zeit, in dem gearbeitet werden darf.
past-trouble = Dieser Browser zeigt nicht, was er aufbewahrt: { $why }
past-none = Noch nichts. Einheiten, die von nun an geprüft werden, stehen hier.
past-intro =
    Grundvergütungen aus Ihren eigenen Quittungen. Eine Epoche zahlt höchstens so viel: weniger, wenn ihr Budget knapp ist
    und solange Ihr Schlüssel neu ist. Nur in diesem Browser aufbewahrt.
past-chart = NNET nach Tagen
past-chart-description = Diagramm der Grundvergütungen nach Tagen. Die Tabelle darunter sagt dasselbe.
past-days = Nach Tagen
past-day = Tag
past-work = Multiplikationen
past-total =
    { $days ->
        [one] Ein Tag insgesamt:
       *[other] { $days } Tage insgesamt:
    }
past-units = Letzte Einheiten
past-at = Um
past-job = Auftrag
past-verdict = Urteil
past-more = { $n } von { $of } zeigen
past-clear = Verlauf löschen
past-clear-sure = Endgültig löschen
past-keep = Behalten
past-clear-note = Quittungen und Verdienst bleiben beim Koordinator und bei Ihrem Schlüssel.

## Maschinenraum

machinery = Maschinenraum
lanes = Bahnen
lane-cpu = Prozessorbahn { $number }
lane-gpu =
    { $number ->
        [1] Grafikkarte
       *[other] Grafikkarte, Bahn { $number }
    }
lane-unit = { $lane }: Einheit in Arbeit
lane-verified = { $n } geprüft
lane-races = tritt nach der ersten geprüften Einheit an
lane-paused = pausiert
lane-starting = startet
lane-idle = frei
lane-fetching = lädt Eingaben
lane-computing = rechnet
lane-delivering = gibt ab
lane-waiting = wartet auf Arbeit
lane-off = nicht benutzt

## Einstellungen

settings = Einstellungen
settings-pauses = Wann pausiert wird
set-battery = Im Akkubetrieb pausieren
where-told = Wo der Browser es verrät.
set-hidden = Pausieren, solange dieser Tab verdeckt ist
set-hidden-note = Sonst geht es weiter, wenn Sie anderswo hinsehen.
set-pressure = Pausieren, solange das Gerät anderes zu tun hat
set-notify = Benachrichtigen
set-notify-note = Wenn das Schürfen von selbst endet oder die Arbeit ausgeht, während Sie anderswo hinsehen.
set-notify-refused = Dieser Browser lässt es nicht zu.
schedule = Stunden und Grenzen
set-hours = Nur zu bestimmten Stunden
hours-note = Stunden, die vor ihrem Anfang enden, reichen in den nächsten Tag.
hours-from = { $day }, von
hours-to = { $day }, bis
set-in-use = Solange jemand dieses Gerät benutzt
in-use-same = arbeiten wie sonst
in-use-half = halb so viel arbeiten
in-use-pause = pausieren
set-metered = Pausieren, wenn die Verbindung nach Volumen bezahlt wird
set-data = Megabyte am Tag, höchstens
set-data-note = 0 heißt ohne Grenze.
set-kinds = Welche Arbeit
set-open = Nur Arbeit, die allen offensteht
set-open-note = Das sagt der Auftraggeber vom Auftrag und seinem Ergebnis.
set-job = Arbeiten für
any-job = jeden Auftrag
after-stop = Das lässt sich nach Stopp ändern.
advanced = Für Fortgeschrittene
set-duty = Wie viel gearbeitet wird
duty-all = die ganze Zeit
duty-part = { $percent } % der Zeit
set-lanes = Prozessorbahnen
lanes-of =
    { $lanes ->
        [one] eine Bahn von { $max }
       *[other] { $lanes } Bahnen von { $max }
    }
set-gpu = Die Grafikkarte nutzen, falls sie schneller ist
set-gpu-note = Sie tritt erst gegen eine Prozessorbahn an.
one-tab = Nur ein Tab dieses Browsers schürft zur gleichen Zeit.

## Schlüssel

key = Ihr Schlüssel
key-text =
    Der Verdienst gehört einem Schlüssel, den dieser Browser beim ersten Start macht und versiegelt aufbewahrt. Wer die
    Daten des Browsers löscht, löscht auch ihn: Bewahren Sie eine Kopie auf.
key-lost-text =
    Der Verdienst gehört einem Schlüssel, den diese Seite beim ersten Start macht. Dieser Browser bewahrt nichts auf, der
    Schlüssel endet also mit der Seite: Sichern Sie eine Kopie, bevor Sie sie schließen.
key-save = Kopie sichern
key-passphrase-new = Passphrase für die Datei
key-save-file = Schlüsseldatei sichern
key-use = Gesicherten Schlüssel nutzen
key-file = Schlüsseldatei
key-passphrase = Ihre Passphrase
key-use-file = Diesen Schlüssel nutzen
key-stop-first = Stoppen Sie zuerst das Schürfen.
key-replaces = Er tritt an die Stelle des Schlüssels, der jetzt hier ist.
key-saved = Gesichert. Ohne ihre Passphrase ist die Datei wertlos: Bewahren Sie beides auf.
key-used = Von nun an schürfen Sie mit dem Schlüssel { $key }.
nudge =
    Ihr Verdienst gehört einem Schlüssel, den es nur in diesem Browser gibt. Ohne Kopie geht er mit den Daten des Browsers
    verloren.
nudge-later = Jetzt nicht

## Hinweise

storage-lost =
    Dieser Browser bewahrt für diese Seite nichts auf. Schürfen können Sie trotzdem, aber Schlüssel, Einstellungen und
    Verlauf enden, wenn die Seite geschlossen wird. Um Ihren Verdienst zu behalten, sichern Sie vorher eine Kopie des
    Schlüssels.
left =
    { $n ->
        [one] Ein fertiges Ergebnis Ihres letzten Besuchs wurde nicht abgegeben. Start sendet es zuerst.
       *[other] { $n } fertige Ergebnisse Ihres letzten Besuchs wurden nicht abgegeben. Start sendet sie zuerst.
    }
notify-elsewhere = In einem anderen Tab geht es weiter.
notify-no-work = Vorerst keine Arbeit mehr
notify-no-work-detail =
    { $units ->
        [one] Eine Einheit geprüft.
       *[other] { $units } Einheiten geprüft.
    } Der Koordinator wird immer wieder gefragt.

## CIDs

cid = Die CID einer Datei, hier berechnet
cid-intro =
    Eine CID ist der Name, den IPFS einem Inhalt gibt: Wer sie hat, kann genau diese Bytes verlangen und prüfen. Sie wird in
    diesem Browser berechnet, und nichts von Ihren Dateien wird gesendet.
cid-drop = Legen Sie eine Datei oder einen Ordner hier ab, oder
cid-files = Dateien wählen
cid-folder = Ordner wählen
cid-profile = Profil
cid-profile-2025 = Stücke zu 1 MiB. Die Vorgabe hier, von adit content und von IPFS-Programmen, die IPIP-499 folgen.
cid-profile-kubo = Stücke zu 256 KiB: was Kubo mit --cid-version 1 schreibt.
cid-profile-2015 = Stücke zu 256 KiB, verpackt: Namen, die mit Qm beginnen, wie IPFS sie anfangs schrieb.
cid-list = Dateien und Ordner
cid-in-folder =
    { $files ->
        [one] Ordner mit einer Datei, { $size }
       *[other] Ordner mit { $files } Dateien, { $size }
    }
cid-walking = Der Ordner wird durchgesehen…
cid-waiting = Wartet
cid-running = Wird gelesen und gehasht
cid-progress = Fortschritt von { $name }
cid-cancel = Abbrechen
cid-cancel-name = { $name } abbrechen
cid-cancelled = Abgebrochen. Ein Teil hat keine CID.
cid-copy = Kopieren
cid-copy-name = CID von { $name } kopieren
cid-copied = Kopiert
cid-not-copied = Dieser Browser lässt die Seite nicht kopieren. Markieren Sie die CID und kopieren Sie sie von Hand.
cid-remove = Entfernen
cid-remove-name = { $name } aus dieser Liste entfernen
cid-unreadable =
    { $path } lässt sich nicht lesen: Es wurde nach der Wahl geändert oder verschoben, oder der Browser darf es nicht lesen.
    Wählen Sie es noch einmal.
cid-failed = { $path } hat keine CID: { $why }
cid-too-much =
    Das sind mehr als 100.000 Dateien oder Ordner in mehr als 200 Ebenen. Die Kommandozeile nimmt sie: adit content cid.
cid-not-listed = Der Ordner lässt sich nicht auflisten: { $why }

## Platz, der verliehen wird

hold = Platz verleihen und damit verdienen
hold-intro =
    Versiegelte Stücke fremder Dateien liegen in diesem Browser, verschlüsselt, so dass weder Sie noch diese Seite sie lesen können.
    Etwa einmal in der Stunde verlangt der Koordinator innerhalb von 30 Sekunden 64 zufällige Stücke dessen, was Sie halten, und
    bezahlt bestandene Zeiträume. Jedes Byte wird Ihnen einmal gesendet; ein Beweis sendet etwa 100 KB. Es geht weiter, wann immer
    diese Seite offen ist.
hold-idle = Nichts ist verliehen.
hold-resting = Ruht. Was gehalten wird, bleibt hier; Zeiträume ohne Antwort sind versäumt.
hold-starting = Wird vorbereitet
hold-holding = Hält bis zu { $share }, solange diese Seite offen ist
hold-elsewhere = Ein anderer Tab hält schon. Hier geht es weiter, wenn er geschlossen wird.
hold-ending = Alles wird aufgegeben
hold-broken = Jetzt wird nichts gehalten
hold-bytes = Gehalten
hold-proven = Bewiesene Zeit
hold-earned = Grundvergütungen
hold-missing = Höchstens fehlend
hold-ppm = { $ppm } ppm
hold-proves =
    Durch { $draws } zufällige Stücke in Folge, mit einem Irrtum von 1 zu einer Million. Es zeigt, dass jemand diese Bytes innerhalb
    von 30 Sekunden lesen konnte; nicht, wo sie liegen, und nicht, dass zehn Schlüssel zehn Geräte sind.
hold-share = Platz zum Verleihen
hold-begin = Halten beginnen
hold-rest = Ruhen
hold-quit = Alles aufgeben
hold-quit-sure = Aufgeben und den Platz freigeben
hold-keep = Weiter halten
hold-no-room = Dieser Browser gibt dieser Seite zu wenig Platz, um welchen zu verleihen.
hold-copy = Vor dem ersten Byte
hold-copy-why =
    Was Sie verdienen, gehört einem Schlüssel, der nur in diesem Browser liegt. Ein Browser, dem der Platz ausgeht, darf löschen, was
    Seiten aufbewahren: Sichern Sie deshalb zuerst eine Kopie des Schlüssels.
hold-without = Ohne Kopie beginnen
hold-not-apart =
    Dieser Browser kann Replikate nicht getrennt von Ihrem Schlüssel aufbewahren: Löscht er das eine, löscht er das andere. Sichern Sie
    eine Kopie des Schlüssels.
hold-not-persistent = Der Browser hat nicht zugesagt, die Daten dieser Seite zu behalten. Er darf sie löschen, wenn der Platz ausgeht.
hold-evicted =
    { $replicas ->
        [one] { $at }: Der Browser hat ein Replikat gelöscht ({ $bytes }).
       *[other] { $at }: Der Browser hat { $replicas } Replikate gelöscht ({ $bytes }).
    } Der Koordinator erfuhr es, bevor er fragte; es wird Ihnen nicht angelastet, aber sie verdienen nichts mehr. Ihr Schlüssel ist unberührt.
hold-damaged =
    { $replicas ->
        [one] { $at }: Ein Replikat ({ $bytes }) war beschädigt
       *[other] { $at }: { $replicas } Replikate ({ $bytes }) waren beschädigt
    } und wurde aufgegeben. Der Koordinator weiß es.
hold-full = { $at }: Der Browser hat für diese Seite keinen Platz mehr. Was gehalten wird, bleibt; mehr wird nicht genommen.
