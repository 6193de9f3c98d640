//! The data in use: the embedded data, or a bundle that replaces it.

use super::bundle::{Bundle, embedded_bundle};
use super::editions::{
    Connection, DatasetError, Date, Edition, ReferenceData, edition, edition_in_force,
    edition_names, editions, embedded_date, reference_data, upcoming_editions,
};
use super::services::{Service, services};
use super::sip::{SipFacts, sip_facts};

/// The data that a command uses. Embedded data is parsed only when it is needed, because most commands
/// need a small part of it.
#[derive(Debug)]
pub enum Data {
    Embedded,
    Bundle(Box<Bundle>),
}

impl Data {
    /// The day on which the data last changed, or was last compared with Twilio's pages.
    pub fn date(&self) -> Result<Date, DatasetError> {
        match self {
            Data::Embedded => embedded_date(),
            Data::Bundle(bundle) => Ok(bundle.date.clone()),
        }
    }

    pub fn reference_data(&self) -> Result<&ReferenceData, DatasetError> {
        match self {
            Data::Embedded => reference_data(),
            Data::Bundle(bundle) => Ok(&bundle.reference),
        }
    }

    pub fn sip_facts(&self) -> Result<SipFacts, DatasetError> {
        match self {
            Data::Embedded => sip_facts(),
            Data::Bundle(bundle) => Ok(bundle.sip.clone()),
        }
    }

    pub fn edition_names(&self) -> Vec<&str> {
        match self {
            Data::Embedded => edition_names().collect(),
            Data::Bundle(bundle) => bundle.editions.iter().map(|known| &*known.name).collect(),
        }
    }

    /// Returns an edition; `None` if the name is unknown.
    pub fn edition(&self, name: &str) -> Result<Option<Edition>, DatasetError> {
        match self {
            Data::Embedded => edition(name),
            Data::Bundle(bundle) => {
                let mut known = bundle.editions.iter();
                Ok(known.find(|known| &*known.name == name).cloned())
            }
        }
    }

    /// Returns the edition in force for a connection.
    pub fn edition_in_force(
        &self,
        connection: Connection,
    ) -> Result<Option<Edition>, DatasetError> {
        match self {
            Data::Embedded => edition_in_force(connection),
            Data::Bundle(bundle) => {
                let mut known = bundle.editions.iter();
                let is_wanted =
                    |known: &&Edition| known.connection == connection && known.is_in_force();
                Ok(known.find(is_wanted).cloned())
            }
        }
    }

    /// Returns the editions that are upcoming for a connection.
    pub fn upcoming_editions(&self, connection: Connection) -> Result<Vec<Edition>, DatasetError> {
        match self {
            Data::Embedded => upcoming_editions(connection),
            Data::Bundle(bundle) => {
                let known = bundle.editions.iter();
                let upcoming =
                    known.filter(|known| known.connection == connection && known.upcoming);
                Ok(upcoming.cloned().collect())
            }
        }
    }

    /// Returns all editions, in the order of their publication.
    pub fn editions(&self) -> Result<Vec<Edition>, DatasetError> {
        match self {
            Data::Embedded => editions(),
            Data::Bundle(bundle) => Ok(bundle.editions.clone()),
        }
    }

    /// Returns the services that are no part of an edition.
    pub fn services(&self) -> Result<Vec<Service>, DatasetError> {
        match self {
            Data::Embedded => services(),
            Data::Bundle(bundle) => Ok(bundle.services.clone()),
        }
    }

    /// Returns all of the data.
    pub fn bundle(&self) -> Result<Bundle, DatasetError> {
        match self {
            Data::Embedded => embedded_bundle(),
            Data::Bundle(bundle) => Ok((**bundle).clone()),
        }
    }
}
