//! The systems and databases of the comparison.

use std::{fs, path::Path, time::Duration};

use benches::{Result, daemon::on_path, output, portfolio::Portfolio};
use tempfile::TempDir;
use testkit::{Postgres, Redis};
use tokio::time::Instant;

use crate::{
    args::{Args, Peer},
    cerbos::Cerbos,
    mandate::Mandate,
    openfga::OpenFga,
    spicedb::SpiceDb,
    system::System,
};

/// Mandate, its competitors and their databases. They end in this order when dropped.
pub(crate) struct Running {
    own: Mandate,
    peers: Vec<Box<dyn System>>,
    _postgres: Postgres,
    _redis: Redis,
    _folder: TempDir,
}

impl Running {
    /// Starts Mandate and the installed competitors.
    pub(crate) async fn start(args: &Args) -> Result<Self> {
        let (folder, postgres, redis) = (tempfile::tempdir()?, Postgres::start()?, Redis::start()?);
        let own = Mandate::start(&postgres.database()?, &redis.url(), folder.path()).await?;
        let mut peers = Vec::new();
        for peer in [Peer::Openfga, Peer::Spicedb, Peer::Cerbos] {
            if args.wants(peer) {
                peers.extend(start(peer, &postgres, folder.path()).await?);
            }
        }
        for system in [&own as &dyn System].into_iter().chain(by_ref(&peers)) {
            output::item(system.name(), system.setting());
        }
        Ok(Self {
            own,
            peers,
            _postgres: postgres,
            _redis: redis,
            _folder: folder,
        })
    }

    /// Returns every system, Mandate first.
    pub(crate) fn systems(&self) -> impl Iterator<Item = &dyn System> {
        [&self.own as &dyn System]
            .into_iter()
            .chain(by_ref(&self.peers))
    }

    /// Returns Mandate with each competitor.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = [&dyn System; 2]> {
        by_ref(&self.peers).map(|peer| [&self.own as &dyn System, peer])
    }

    /// Loads the facts into every system. Returns the time that each took.
    pub(crate) async fn load(
        &self,
        portfolio: &Portfolio,
    ) -> Result<Vec<(&'static str, Duration)>> {
        let mut times = Vec::new();
        for system in self.systems() {
            let begin = Instant::now();
            let loaded = system.load(portfolio).await;
            loaded.map_err(|error| format!("{}: {error}", system.name()))?;
            times.push((system.name(), begin.elapsed()));
        }
        Ok(times)
    }
}

fn by_ref(peers: &[Box<dyn System>]) -> impl Iterator<Item = &dyn System> {
    peers.iter().map(|peer| &**peer as &dyn System)
}

async fn start(peer: Peer, postgres: &Postgres, folder: &Path) -> Result<Option<Box<dyn System>>> {
    let name = match peer {
        Peer::Openfga => "openfga",
        Peer::Spicedb => "spicedb",
        Peer::Cerbos => "cerbos",
    };
    let Some(program) = on_path(name) else {
        output::item(name, "left out: not on the PATH");
        return Ok(None);
    };
    let folder = folder.join(name);
    fs::create_dir(&folder)?;
    Ok(Some(match peer {
        Peer::Openfga => Box::new(OpenFga::start(program, &postgres.database()?, &folder).await?),
        Peer::Spicedb => Box::new(SpiceDb::start(program, &postgres.database()?, &folder).await?),
        Peer::Cerbos => Box::new(Cerbos::start(program, &folder).await?),
    }))
}
