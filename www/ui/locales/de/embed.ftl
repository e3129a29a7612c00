# Was das Werkzeug sagt, das eine Website einbettet.

embed-title = Für { $site } rechnen?
embed-what = Was läuft
embed-what-text =
    Ihr Browser würde Teile echter Aufträge für { $coordinator } rechnen, der jedes Ergebnis prüft und bezahlt, was stimmt:
    Matrixprodukte, Inferenz, Trainingsschritte, Hashes.
embed-much = Wie viel
embed-much-text =
    { $lanes ->
        [one] Einer Ihrer { $cores } Prozessorkerne, die Hälfte der Zeit,
       *[other] { $lanes } Ihrer { $cores } Prozessorkerne, die Hälfte der Zeit,
    } solange eine Seite dieser Website offen ist, und wieder, wenn Sie zurückkommen. Ändern und stoppen können Sie es hier
    jederzeit.
embed-cost = Was es kostet
embed-cost-text = Es kostet Strom, etwas Wärme und Daten: Ein Auftrag kann einige zehn Megabyte brauchen. Im Akkubetrieb pausiert es.
embed-whom = Für wen
embed-whom-text =
    Was es verdient, gehört Ihnen: Ein Schlüssel in Ihrem Browser besitzt es. { $site } sieht, ob es läuft und wie schnell,
    sonst nichts.
embed-share = { $part } des Verdienten { $site } geben.
embed-shared = { $part } des Verdienten gehen an { $site }.
embed-keep = Stoppen und alles behalten
embed-agree = Einwilligen und starten
embed-window = In einem Fenster antworten
embed-free = Sie können Nein sagen: Dann wird nichts geladen, und nichts läuft.
embed-covered = Nicht alles davon ist zu sehen, oder etwas verdeckt es. Darum werden Sie in einem eigenen Fenster gefragt.
embed-earned = Bei diesem Besuch verdient:
embed-cap = Diese Website möchte höchstens { $cap } der Zeit.
embed-withdraw = Einwilligung zurücknehmen
embed-fleeting = Dieser Browser behält nichts für diesen Rahmen: Der Schlüssel endet mit der Seite. Speichern Sie unten eine Kopie.
embed-key =
    Verdienste gehören zu einem Schlüssel, den dieser Rahmen beim ersten Start erzeugt und versiegelt in Ihrem Browser aufbewahrt.
    Die Website erreicht ihn nicht. Wer die Daten des Browsers löscht, löscht ihn: Behalten Sie eine Kopie.
